"""`elmjax report`: everything a run found, in one page for a browser."""

from elmjax.stages.showcase.collection import write

__all__ = ["write"]
