"""Runs and models on the Hugging Face hub."""

from elmjax.hub.contents import Kind
from elmjax.hub.exchange import Pulled, pull, push

__all__ = ["Kind", "Pulled", "pull", "push"]
