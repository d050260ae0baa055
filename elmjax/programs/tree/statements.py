"""Edits of whole statements: duplicate, delete, swap, wrap in a loop."""

import ast
import copy
import random
from collections import Counter
from itertools import pairwise

from elmjax.programs.tree.constants import number, number_places, perturb_place, takes_fractions
from elmjax.programs.tree.places import (
    Place,
    bodies,
    bound_names,
    fresh_name,
    is_call_of,
    loaded_names,
    places,
)
from elmjax.programs.tree.variables import Kind, Scope, scopes

Body = list[ast.stmt]


def duplicate_statement(tree: ast.Module, rng: random.Random) -> bool:
    """Repeats a statement behind itself with other numbers or, having none, other joints."""
    sites = _movable(tree)
    rng.shuffle(sites)
    known = scopes(tree)
    for body, index in sites:
        twin = copy.deepcopy(body[index])
        if _perturb_statement(twin, known, rng):
            body.insert(index + 1, twin)
            return True
    return False


def delete_statement(tree: ast.Module, rng: random.Random) -> bool:
    """Deletes a statement that is not alone and binds no name that is read elsewhere."""
    loads = loaded_names(tree)
    sites = [
        (body, index)
        for body, index in _movable(tree)
        if len(body) > 1 and not _is_needed(body[index], loads)
    ]
    if not sites:
        return False
    body, index = rng.choice(sites)
    del body[index]
    return True


def swap_statements(tree: ast.Module, rng: random.Random) -> bool:
    """Swaps two neighbouring statements, unless the lower one reads a name that the upper binds."""
    movable = _movable(tree)
    sites = [
        (body, index)
        for (body, index), (below, next_index) in pairwise(movable)
        if below is body
        and next_index == index + 1
        and not bound_names(body[index]) & loaded_names(body[index + 1]).keys()
        and ast.dump(body[index]) != ast.dump(body[index + 1])
    ]
    if not sites:
        return False
    body, index = rng.choice(sites)
    body[index], body[index + 1] = body[index + 1], body[index]
    return True


def wrap_in_loop(tree: ast.Module, rng: random.Random) -> bool:
    """Puts a statement into a loop in which one of its numbers grows from turn to turn."""
    sites = [
        (body, index, place)
        for body, index in _movable(tree)
        for place in number_places(body[index])
        if not isinstance(place.owner, ast.Slice)
    ]
    if not sites:
        return False
    body, index, place = rng.choice(sites)
    variable = fresh_name(tree, rng.choice(("i", "k", "n", "step")))
    place.put(_growing(place, variable, rng))
    turns = ast.parse(f"for {variable} in range({rng.randint(2, 5)}):\n    pass").body[0]
    assert isinstance(turns, ast.For)
    turns.body = [body[index]]
    body[index] = turns
    return True


def _movable(tree: ast.Module) -> list[tuple[Body, int]]:
    """Statements that a walker program can have more or fewer of, in source order."""
    return [
        (body, index)
        for body in bodies(tree)
        for index, statement in enumerate(body)
        if _is_movable(statement)
    ]


def _is_movable(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.For | ast.While | ast.If):
        inner: ast.AST = statement
    elif isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant):
        inner = statement.value
    else:
        return False
    return not any(is_call_of(node, "walker_creator", "get_walker") for node in ast.walk(inner))


def _is_needed(statement: ast.stmt, loads: Counter[str]) -> bool:
    """Whether another statement reads a name that this one binds, given all reads."""
    own = loaded_names(statement)
    return any(loads[name] > own[name] for name in bound_names(statement))


def _perturb_statement(statement: ast.stmt, known: list[Scope], rng: random.Random) -> bool:
    numbers = list(number_places(statement))
    if numbers:
        for place in rng.sample(numbers, min(len(numbers), rng.randint(1, 2))):
            perturb_place(place, rng)
        return True
    return any(_exchange_joint(statement, scope, rng) for scope in known)


def _exchange_joint(statement: ast.stmt, scope: Scope, rng: random.Random) -> bool:
    """Replaces one joint of a statement that belongs to `scope` by another joint variable."""
    line = statement.lineno
    end = scope.function.end_lineno or line
    if not scope.function.lineno < line <= end:
        return False
    joints = scope.visible(line, Kind.JOINT)
    used: list[Place] = [
        place
        for place in places(statement)
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
