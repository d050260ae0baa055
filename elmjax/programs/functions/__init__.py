"""Procedural programs of ordinary Python functions, which know nothing of walkers."""

from elmjax.programs.functions.generation import generate
from elmjax.programs.functions.result import show
from elmjax.programs.functions.table import outputs, tabulate

__all__ = ["generate", "outputs", "show", "tabulate"]
