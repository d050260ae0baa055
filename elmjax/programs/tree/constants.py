"""Edits of a program's numbers."""

import ast
import math
import random
from collections.abc import Iterator

from elmjax.programs.tree.edit import Edit
from elmjax.programs.tree.places import Place, is_call_of, places
from elmjax.programs.tree.program import Program, analysis

# Angles, fractions and lengths that walkers are made of.
_PALETTE = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 0.25, 0.5, 0.75, 1.5, 2.5, -1, -2, -0.5, 0.1, 7.5)
_LARGEST = 1000.0


def number_at(place: Place) -> int | float | None:
    """Number that is written at a place, with its sign; None where there is another expression."""
    match place.node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return None if isinstance(value, bool) else -value
    return None


def number_places(tree: ast.AST) -> Iterator[Place]:
    """Places of the finite numbers of a tree, each once, its sign included."""
    for place in places(tree, ast.Constant, ast.UnaryOp):
        value = number_at(place)
        if value is not None and math.isfinite(value):
            signed = isinstance(place.owner, ast.UnaryOp) and isinstance(place.owner.op, ast.USub)
            if not signed:
                yield place


@analysis
def _numbers(program: Program) -> list[Place]:
    return list(number_places(program.tree))


def number(value: int | float) -> ast.expr:
    """Expression for a number: like the parser's, a negative one is a constant negated."""
    constant = ast.Constant(value=abs(value))
    return ast.UnaryOp(op=ast.USub(), operand=constant) if value < 0 else constant


def takes_fractions(place: Place) -> bool:
    """Whether a fraction may stand at a place: not as an index, a bound of `range` or a step."""
    if isinstance(number_at(place), float):
        return True
    return isinstance(place.owner, ast.Call) and not is_call_of(place.owner, "range", "round")


def perturb(value: int | float, rng: random.Random) -> int | float:
    """A number near `value` but unequal to it: integers stay integers."""
    if isinstance(value, int):
        step = max(1, round(abs(rng.gauss(0.0, 0.2 * abs(value) + 0.8))))
        return value + rng.choice((-step, step))
    for _ in range(8):
        near = _sensible(value + rng.gauss(0.0, 0.2 * abs(value) + 0.2))
        if near != value:
            return near
    return value + 1.0


def perturb_constant(program: Program, rng: random.Random) -> Edit | None:
    """Moves one number a little."""
    found = _numbers(program)
    if not found:
        return None
    place = rng.choice(found)
    return (place.with_node(perturbed(place, rng)),)


def perturbed(place: Place, rng: random.Random) -> ast.expr:
    """A number near the one at a place."""
    value = number_at(place)
    if value is None:
        raise ValueError(f"place: got {ast.unparse(place.node)}, wanted a number")
    # Coordinates, amplitudes and phases of a walker need not stay integers; counts must.
    if isinstance(value, int) and takes_fractions(place) and rng.random() < 0.3:
        value = float(value)
    return number(perturb(value, rng))


def replace_constant(program: Program, rng: random.Random) -> Edit | None:
    """Replaces one number by a common one or by another number of the program."""
    found = _numbers(program)
    if not found:
        return None
    place = rng.choice(found)
    own = [number_at(other) for other in found]
    allowed: list[int | float] = [
        value
        for value in (*_PALETTE, *own)
        if value is not None
        and value != number_at(place)
        and (isinstance(value, int) or takes_fractions(place))
    ]
    return (place.with_node(number(rng.choice(allowed))),)


def _sensible(value: float) -> float:
    """`value` with three significant digits, at most three decimals and a bounded size."""
    bounded = max(-_LARGEST, min(_LARGEST, value))
    return round(float(f"{bounded:.3g}"), 3) + 0.0  # minus zero becomes zero
