"""Edits of whole statements: duplicate, delete, swap, wrap in a loop."""

import ast
import random
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from elmjax.programs.tree.constants import number, number_places, perturbed, takes_fractions
from elmjax.programs.tree.edit import Assignment, Edit
from elmjax.programs.tree.inference import scopes
from elmjax.programs.tree.places import (
    Body,
    Place,
    bodies,
    bound_names,
    fresh_name,
    is_call_of,
    loaded_names,
    places,
)
from elmjax.programs.tree.program import Program, analysis
from elmjax.programs.tree.variables import Kind, Scope
from elmjax.programs.tree.walk import copied, walk


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a statement is.

    Attributes:
        body: The list that it is in.
        index: Its position there.
    """

    body: Body
    index: int

    @property
    def statement(self) -> ast.stmt:
        """The statement."""
        return self.body.statements[self.index]

    def with_statements(self, *statements: ast.stmt) -> Assignment:
        """What puts statements in the place of the statement."""
        return self.body.with_statements(self.index, self.index + 1, statements)


def duplicate_statement(program: Program, rng: random.Random) -> Edit | None:
    """Repeats a statement behind itself with other numbers or, having none, other joints."""
    sites = list(_movable(program))
    rng.shuffle(sites)
    for site in sites:
        twin = copied(site.statement)
        if _perturb_statement(twin, program, rng):
            return (site.with_statements(site.statement, twin),)
    return None


def delete_statement(program: Program, rng: random.Random) -> Edit | None:
    """Deletes a statement that is not alone and binds no name that is read elsewhere."""
    sites = _dispensable(program)
    if not sites:
        return None
    return (rng.choice(sites).with_statements(),)


def swap_statements(program: Program, rng: random.Random) -> Edit | None:
    """Swaps two neighbouring statements, unless the lower one reads a name that the upper binds."""
    sites = _swappable(program)
    if not sites:
        return None
    above, below = rng.choice(sites)
    both = (below.statement, above.statement)
    return (above.body.with_statements(above.index, below.index + 1, both),)


def wrap_in_loop(program: Program, rng: random.Random) -> Edit | None:
    """Puts a statement into a loop in which one of its numbers grows from turn to turn."""
    sites = _numbers_of_statements(program)
    if not sites:
        return None
    site, place = rng.choice(sites)
    variable = fresh_name(program, rng.choice(("i", "k", "n", "step")))
    growing = place.with_node(_growing(place, variable, rng))
    turns = ast.parse(f"for {variable} in range({rng.randint(2, 5)}):\n    pass").body[0]
    assert isinstance(turns, ast.For)
    turns.body = [site.statement]
    return (growing, site.with_statements(turns))


@analysis
def _movable(program: Program) -> list[Site]:
    """Statements that a walker program can have more or fewer of, in source order."""
    return [
        Site(body=body, index=index)
        for body in bodies(program.tree)
        for index, statement in enumerate(body.statements)
        if _is_movable(statement)
    ]


@analysis
def _dispensable(program: Program) -> list[Site]:
    """Movable statements that can be missing."""
    loads = loaded_names(program.tree)
    return [
        site
        for site in _movable(program)
        if len(site.body.statements) > 1 and not _is_needed(site.statement, loads)
    ]


@analysis
def _swappable(program: Program) -> list[tuple[Site, Site]]:
    """Neighbouring movable statements that can change places."""
    return [
        (above, below)
        for above, below in pairwise(_movable(program))
        if below == Site(body=above.body, index=above.index + 1)
        and not bound_names(above.statement) & loaded_names(below.statement).keys()
        and ast.dump(above.statement) != ast.dump(below.statement)
    ]


@analysis
def _numbers_of_statements(program: Program) -> list[tuple[Site, Place]]:
    """Movable statements with each of the numbers in them that may grow."""
    return [
        (site, place)
        for site in _movable(program)
        for place in number_places(site.statement)
        if not isinstance(place.owner, ast.Slice)
    ]


def _is_movable(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.For | ast.While | ast.If):
        inner: ast.AST = statement
    elif isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant):
        inner = statement.value
    else:
        return False
    return not any(is_call_of(node, "walker_creator", "get_walker") for node in walk(inner))


def _is_needed(statement: ast.stmt, loads: Counter[str]) -> bool:
    """Whether another statement reads a name that this one binds, given all reads."""
    own = loaded_names(statement)
    return any(loads[name] > own[name] for name in bound_names(statement))


def _perturb_statement(statement: ast.stmt, program: Program, rng: random.Random) -> bool:
    """Changes the copy of a statement."""
    numbers = list(number_places(statement))
    if numbers:
        for place in rng.sample(numbers, min(len(numbers), rng.randint(1, 2))):
            place.put(perturbed(place, rng))
        return True
    return any(_exchange_joint(statement, scope, rng) for scope in scopes(program))


def _exchange_joint(statement: ast.stmt, scope: Scope, rng: random.Random) -> bool:
    """Replaces one joint of a statement that belongs to `scope` by another joint variable."""
    line = statement.lineno
    end = scope.function.end_lineno or line
    if not scope.function.lineno < line <= end:
        return False
    joints = scope.visible(line, Kind.JOINT)
    used: list[Place] = [
        place
        for place in places(statement, ast.Name)
        if isinstance(place.node, ast.Name)
        and place.node.id in joints
        and isinstance(place.node.ctx, ast.Load)
    ]
    if not used or len(joints) < 2:
        return False
    place = rng.choice(used)
    assert isinstance(place.node, ast.Name)
    others = [name for name in joints if name != place.node.id]
    place.put(ast.Name(id=rng.choice(others), ctx=ast.Load()))
    return True


def _growing(place: Place, variable: str, rng: random.Random) -> ast.expr:
    """The number at a place plus a multiple of the loop variable."""
    turn: ast.expr = ast.Name(id=variable, ctx=ast.Load())
    fractions = (1.5, 3, 4, 0.25, 0.5, -1, -2) if takes_fractions(place) else ()
    rate = rng.choice((1, 1, 2, *fractions))
    if rate != 1:
        turn = ast.BinOp(left=turn, op=ast.Mult(), right=number(rate))
    return ast.BinOp(left=place.node, op=ast.Add(), right=turn)
