"""Procedural programs of ordinary Python functions, which know nothing of walkers."""

from elmjax.programs.functions.generation import generate
from elmjax.programs.functions.result import show

__all__ = ["generate", "show"]
