"""The text of an edited program: only the statements that the edit touches are written anew.

The text is exactly what `ast.unparse` makes of the whole tree. Where that of a statement depends on
its neighbours, as with docstrings and functions, the whole tree is unparsed.
"""

import ast
from bisect import bisect_right
from itertools import takewhile
from typing import NamedTuple

from elmjax.programs.tree.edit import Assignment, Edit, made
from elmjax.programs.tree.program import Program
from elmjax.programs.tree.walk import walk

# What is edited within one statement of a block moves no other statement of it to another line,
# and none of them is written differently. Not so with the branches of an `if`: they become `elif`.
_Block = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class _Range(NamedTuple):
    """Statements of a block, from `start` to `stop - 1`."""

    block: _Block
    start: int
    stop: int


def unparsed(program: Program, edit: Edit) -> str:
    """The edited program, all of it written anew."""
    with made(edit):
        return ast.unparse(program.tree) + "\n"


def rewritten(program: Program, edit: Edit) -> str:
    """The edited program: as `unparsed` says, but faster.

    Raises:
        SyntaxError: The edit makes something that is not Python.
    """
    touched = _union([_touched(program.tree, assignment) for assignment in edit])
    text = touched and _spliced(program, edit, touched)
    if text is None:
        text = unparsed(program, edit)
        ast.parse(text)
    return text


def _touched(tree: ast.Module, assignment: Assignment) -> _Range | None:
    """Statements that an assignment touches; None where there is no telling."""
    owner, field, value = assignment
    if not isinstance(owner, _Block):
        return _around(tree, owner)
    if isinstance(owner, ast.Module) or field != "body":
        return None
    top = _common(owner.body, value)
    bottom = _common(owner.body[top:][::-1], value[top:][::-1])
    return _Range(owner, top, len(owner.body) - bottom)


def _common(some: list[ast.stmt], others: list[ast.stmt]) -> int:
    """How many statements two lists have in common before they first differ."""
    same = takewhile(lambda pair: pair[0] is pair[1], zip(some, others, strict=False))
    return sum(1 for _ in same)


def _around(tree: ast.Module, node: ast.AST) -> _Range | None:
    """The statement of an innermost block that holds a node."""
    line = getattr(node, "lineno", 0)
    block: _Block = tree
    while True:
        index = bisect_right(block.body, line, key=lambda statement: statement.lineno) - 1
        if index < 0:
            return None
        statement = block.body[index]
        if not isinstance(statement, _Block) or line < statement.body[0].lineno:
            break
        block = statement
    # Python 3.11 is wrong about the lines of what is inside a text of several lines.
    is_there = any(node is other for other in walk(statement))
    return _Range(block, index, index + 1) if is_there else None


def _union(ranges: list[_Range | None]) -> _Range | None:
    """Least range that holds others; None where one is unknown or they are in different blocks."""
    known = [touched for touched in ranges if touched]
    if len(known) < len(ranges) or any(touched.block is not known[0].block for touched in known):
        return None
    start, stop = min(touched.start for touched in known), max(touched.stop for touched in known)
    return _Range(known[0].block, start, stop)


def _spliced(program: Program, edit: Edit, touched: _Range) -> str | None:
    """The edited program, of which the statements touched are written anew, if that will do."""
    block, start, stop = touched
    before = block.body
    first, last = _lines(touched)
    with made(edit):
        after = block.body[start : stop + len(block.body) - len(before)]
        openings = [] if start else [before[0], block.body[0]]
        if any(map(_is_apart, [*openings, *before[start:stop], *after])):
            return None
        written = _written(after, before[0].col_offset)
    lines = program.text.split("\n")
    return "\n".join([*lines[:first], *written, *lines[last:]])


def _lines(touched: _Range) -> tuple[int, int]:
    """The first line of statements and the one behind the last, counted from 0."""
    statements = touched.block.body
    if touched.start < touched.stop:
        return statements[touched.start].lineno - 1, statements[touched.stop - 1].end_lineno or 0
    # Behind what is above, not before what is below: a blank line may be between them.
    line = statements[touched.start - 1].end_lineno if touched.start else statements[0].lineno - 1
    return line or 0, line or 0


def _written(statements: list[ast.stmt], indentation: int) -> list[str]:
    """Lines of statements; raises SyntaxError where they are not Python."""
    if not statements:
        return []
    # Indented by the unparser, which knows what is a line of the program and what is one of a text.
    depth = indentation // 4
    for _ in range(depth):
        statements = [ast.If(test=ast.Constant(value=True), body=statements, orelse=[])]
    text = ast.unparse(ast.Module(body=statements, type_ignores=[]))
    ast.parse(text)
    return text.split("\n")[depth:]


def _is_apart(statement: ast.stmt) -> bool:
    """Whether a statement comes with a blank line or can be a docstring."""
    return isinstance(statement, _Block) or _is_text(statement)


def _is_text(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False
