"""The text of an edited program."""

import ast

from elmjax.programs.tree.edit import Edit, made
from elmjax.programs.tree.program import Program


def unparsed(program: Program, edit: Edit) -> str:
    """The edited program, all of it written anew."""
    with made(edit):
        return ast.unparse(program.tree) + "\n"


def rewritten(program: Program, edit: Edit) -> str:
    """The edited program.

    Raises:
        SyntaxError: The edit makes something that is not Python.
    """
    text = unparsed(program, edit)
    ast.parse(text)
    return text
