"""A program as the edits see it: its text, its tree, and whatever was found out about them.

Most programs are edited many times over, by children of one parent, so what an edit looks for is
looked for once.
"""

import ast
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar

from elmjax.programs.syntax import canonical_tree

_Found = TypeVar("_Found")

# Elites are drawn again and again. One takes about 100 kB with all that is known about it.
_REMEMBERED = 256


class Program:
    """A program in canonical form, for one thread; whoever changes its tree changes it back.

    Attributes:
        text: The program.
        tree: Its syntax tree, with true line numbers.
        known: Results of the analyses made so far.
    """

    def __init__(self, text: str, tree: ast.Module | None = None) -> None:
        self.text = text
        self.tree = tree or ast.parse(text)
        self.known: dict[Callable[[Program], Any], Any] = {}


def analysis(function: Callable[[Program], _Found]) -> Callable[[Program], _Found]:
    """Makes a function of a program alone remember what it found, which nobody may change."""

    @wraps(function)
    def remembered(program: Program) -> _Found:
        if function not in program.known:
            program.known[function] = function(program)
        return program.known[function]

    return remembered


@lru_cache(_REMEMBERED)
def parsed(text: str) -> Program:
    """The program that a text means.

    Raises:
        SyntaxError: The text is not Python.
        ValueError: As `canonical` says.
    """
    return Program(*canonical_tree(text))
