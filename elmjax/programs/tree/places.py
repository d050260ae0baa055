"""Places of a syntax tree: where an expression can be replaced, and lists of statements."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count

from elmjax.programs.tree.edit import Assignment
from elmjax.programs.tree.program import Program, analysis
from elmjax.programs.tree.walk import BRANCHES, children, walk


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

    def with_node(self, node: ast.expr) -> Assignment:
        """What puts an expression there."""
        if self.index is None:
            return Assignment(self.owner, self.field, node)
        held = list(getattr(self.owner, self.field))
        held[self.index] = node
        return Assignment(self.owner, self.field, held)

    def put(self, node: ast.expr) -> None:
        """Replaces the expression, in a tree of one's own."""
        setattr(*self.with_node(node))


@dataclass(frozen=True, kw_only=True)
class Body:
    """A list of statements below its owner.

    Attributes:
        owner: Node that holds the statements.
        field: Name of the owner's field.
    """

    owner: ast.AST
    field: str

    @property
    def statements(self) -> list[ast.stmt]:
        """Statements that are there now."""
        return getattr(self.owner, self.field)

    def with_statements(self, start: int, stop: int, statements: Iterable[ast.stmt]) -> Assignment:
        """What puts statements in the place of those from `start` to `stop - 1`."""
        changed = list(self.statements)
        changed[start:stop] = statements
        return Assignment(self.owner, self.field, changed)


def places(tree: ast.AST, *kinds: type[ast.expr]) -> Iterator[Place]:
    """Places of the expressions of some kinds below `tree`, outermost first."""
    for owner in walk(tree):
        for field in BRANCHES[type(owner)]:
            held = getattr(owner, field, None)
            if isinstance(held, kinds):
                yield Place(owner=owner, field=field, index=None)
            elif isinstance(held, list):
                for index, item in enumerate(held):
                    if isinstance(item, kinds):
                        yield Place(owner=owner, field=field, index=index)


def bodies(tree: ast.AST) -> Iterator[Body]:
    """Every list of statements below the top level of a program."""
    owners = [tree]
    for owner in owners:  # grows meanwhile
        owners += [child for child in children(owner) if not isinstance(child, ast.expr)]
        if not isinstance(owner, ast.Module):
            for field in ("body", "orelse", "finalbody"):
                body = getattr(owner, field, None)
                if isinstance(body, list) and body:
                    yield Body(owner=owner, field=field)


def bound_names(tree: ast.AST) -> set[str]:
    """Names that `tree` assigns to."""
    return {
        node.id
        for node in walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def loaded_names(tree: ast.AST) -> Counter[str]:
    """Names that `tree` reads, and how often."""
    return Counter(
        node.id
        for node in walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


@analysis
def _names(program: Program) -> set[str]:
    """Names that mean something in a program."""
    names = set()
    for node in walk(program.tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                names.add(name)
    return names


def fresh_name(program: Program, stem: str) -> str:
    """First of `stem`, `stem_2`, `stem_3` and so on that means nothing in a program yet.

    A number at the end of `stem` is counted on from: after `stem_2` comes `stem_3`.
    """
    taken = _names(program)
    unnumbered = stem.rstrip("0123456789").rstrip("_") or stem
    numbered = (f"{unnumbered}_{number}" for number in count(2))
    return next(name for name in chain([stem], numbered) if name not in taken)


def is_call_of(node: ast.AST, *names: str) -> bool:
    """Whether `node` calls one of `names`, as a function or as a method of anything."""
    return isinstance(node, ast.Call) and name_called(node) in names


def name_called(call: ast.Call) -> str | None:
    """Name of the function, or of the method of anything, that is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None
