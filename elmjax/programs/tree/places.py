"""Places of a syntax tree: where an expression can be replaced, and lists of statements."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count


@dataclass(frozen=True, kw_only=True)
class Place:
    """The place of an expression below its owner.

    Attributes:
        owner: Node that holds the expression.
        field: Name of the owner's field.
        index: Position in that field where it is a list, else None.
    """

    owner: ast.AST
    field: str
    index: int | None

    @property
    def node(self) -> ast.expr:
        """Expression that is there now."""
        held = getattr(self.owner, self.field)
        return held if self.index is None else held[self.index]

    def put(self, node: ast.expr) -> None:
        """Replaces the expression."""
        if self.index is None:
            setattr(self.owner, self.field, node)
        else:
            getattr(self.owner, self.field)[self.index] = node


def places(tree: ast.AST) -> Iterator[Place]:
    """Places of all expressions below `tree`, outermost first."""
    for owner in ast.walk(tree):
        for field, value in ast.iter_fields(owner):
            if isinstance(value, ast.expr):
                yield Place(owner=owner, field=field, index=None)
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, ast.expr):
                        yield Place(owner=owner, field=field, index=index)


def bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements below the top level of a program; changing one changes the tree."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module):
            for field in ("body", "orelse", "finalbody"):
                body = getattr(node, field, None)
                if isinstance(body, list) and body:
                    yield body


def bound_names(tree: ast.AST) -> set[str]:
    """Names that `tree` assigns to."""
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def loaded_names(tree: ast.AST) -> Counter[str]:
    """Names that `tree` reads, and how often."""
    return Counter(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


def fresh_name(tree: ast.AST, stem: str) -> str:
    """First of `stem`, `stem_2`, `stem_3` and so on that means nothing in `tree` yet.

    A number at the end of `stem` is counted on from: after `stem_2` comes `stem_3`.
    """
    taken = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                taken.add(name)
    unnumbered = stem.rstrip("0123456789").rstrip("_") or stem
    numbered = (f"{unnumbered}_{number}" for number in count(2))
    return next(name for name in chain([stem], numbered) if name not in taken)


def is_call_of(node: ast.AST, *names: str) -> bool:
    """Whether `node` calls one of `names`, as a function or as a method of anything."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr in names
    return isinstance(function, ast.Name) and function.id in names
