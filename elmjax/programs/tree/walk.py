"""Walks through a syntax tree that leave out its marks, such as `Load` and `Add`.

Marks hold nothing and are a third of a tree. Orders are those of `ast.walk` and
`ast.iter_child_nodes`.
"""

import ast
import copy
from typing import TypeVar

_Node = TypeVar("_Node", bound=ast.AST)

_BARE = frozenset({"ctx", "op", "ops", "id", "attr", "arg", "kind"})  # hold marks and names only


class _Branches(dict[type[ast.AST], tuple[str, ...]]):
    """Fields of classes of nodes that may hold other nodes than marks."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        fields = () if kind is ast.Constant else kind._fields
        self[kind] = tuple(field for field in fields if field not in _BARE)
        return self[kind]


BRANCHES = _Branches()


def children(node: ast.AST) -> list[ast.AST]:
    """Nodes directly below one, in source order."""
    found: list[ast.AST] = []
    for field in BRANCHES[type(node)]:
        held = getattr(node, field, None)
        if isinstance(held, list):
            found += [item for item in held if isinstance(item, ast.AST)]
        elif isinstance(held, ast.AST):
            found.append(held)
    return found


def copied(node: _Node) -> _Node:
    """A copy of a node and of all those below it, with the same marks."""
    twin = copy.copy(node)
    for field in BRANCHES[type(node)]:
        held = getattr(node, field, None)
        if isinstance(held, list):
            held = [copied(item) if isinstance(item, ast.AST) else item for item in held]
        elif isinstance(held, ast.AST):
            held = copied(held)
        setattr(twin, field, held)
    return twin


def walk(tree: ast.AST) -> list[ast.AST]:
    """A node and all those below it, outermost first."""
    found = [tree]
    for node in found:  # grows meanwhile
        found += children(node)
    return found
