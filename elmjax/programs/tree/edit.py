"""An edit of a syntax tree: values that fields of its nodes get, and how to take them back."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Assignment(NamedTuple):
    """A field of a node and the value that it gets.

    A list that a node holds is replaced by another one, never changed.
    """

    owner: ast.AST
    field: str
    value: Any


Edit = tuple[Assignment, ...]


@contextmanager
def made(edit: Edit) -> Iterator[None]:
    """Makes an edit and takes it back."""
    before = [getattr(owner, field) for owner, field, _ in edit]
    for owner, field, value in edit:
        setattr(owner, field, value)
    try:
        yield
    finally:
        for (owner, field, _), value in zip(edit, before, strict=True):
            setattr(owner, field, value)
