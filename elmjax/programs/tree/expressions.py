"""Edits of expressions: their operators, their arguments, their variables."""

import ast
import random
from functools import partial

from elmjax.programs.tree.constants import number
from elmjax.programs.tree.edit import Assignment, Edit
from elmjax.programs.tree.inference import scopes
from elmjax.programs.tree.places import Place, is_call_of, places
from elmjax.programs.tree.program import Program, analysis
from elmjax.programs.tree.variables import Kind, Scope, read
from elmjax.programs.tree.walk import walk

# Powers are left out: one of them is enough to make a number that nothing can hold.
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
_ARITHMETIC_WEIGHTS = (3, 3, 3, 1, 1, 1)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


@analysis
def _operations(program: Program) -> list[ast.BinOp | ast.AugAssign | ast.Compare]:
    return [
        node
        for scope in scopes(program)
        for node in walk(scope.function)
        if isinstance(node, ast.BinOp | ast.AugAssign | ast.Compare) and _joins_numbers(node, scope)
    ]


def change_operator(program: Program, rng: random.Random) -> Edit | None:
    """Exchanges an arithmetic operator, or a comparison, for another one."""
    sites = _operations(program)
    if not sites:
        return None
    node = rng.choice(sites)
    if isinstance(node, ast.Compare):
        others = [order for order in _ORDER if not isinstance(node.ops[0], order)]
        return (Assignment(node, "ops", [rng.choice(others)()]),)
    weights = [
        0 if isinstance(node.op, operator) else weight
        for operator, weight in zip(_ARITHMETIC, _ARITHMETIC_WEIGHTS, strict=True)
    ]
    return (Assignment(node, "op", rng.choices(_ARITHMETIC, weights)[0]()),)


@analysis
def _numeric_arguments(program: Program) -> list[tuple[Place, Scope]]:
    return [
        (place, scope)
        for scope in scopes(program)
        for place in places(scope.function, ast.expr)
        if _is_numeric_argument(place, scope)
    ]


def change_argument(program: Program, rng: random.Random) -> Edit | None:
    """Makes a numeric argument of a call an expression of itself, a number or a variable."""
    sites = _numeric_arguments(program)
    if not sites:
        return None
    place, scope = rng.choice(sites)
    whole = is_call_of(place.owner, "range")
    names = [
        name
        for name in scope.visible(place.node.lineno, Kind.NUMBER)
        if name != ast.unparse(place.node)
    ]
    if names and rng.random() < 0.4:
        other: ast.expr = ast.Name(id=rng.choice(names), ctx=ast.Load())
        if rng.random() < 0.5:
            return (place.with_node(other),)
    else:
        fractions = () if whole else (0.5, 1.5, 0.25)
        other = number(rng.choice((1, 2, 3, *fractions)))
    return (place.with_node(_combination(place.node, other, whole=whole, rng=rng)),)


@analysis
def _exchangeable(program: Program) -> list[tuple[Place, list[str]]]:
    """Places of variables with the names that could stand there too."""
    return [
        (place, others)
        for scope in scopes(program)
        for place in places(scope.function, ast.Name)
        if (others := _alternatives(place, scope))
    ]


def change_variable(program: Program, rng: random.Random) -> Edit | None:
    """Puts a variable, or a function, in the place of another one of the same kind."""
    sites = _exchangeable(program)
    if not sites:
        return None
    place, others = rng.choice(sites)
    return (place.with_node(ast.Name(id=rng.choice(others), ctx=ast.Load())),)


def _joins_numbers(node: ast.BinOp | ast.AugAssign | ast.Compare, scope: Scope) -> bool:
    """Whether a known operator joins two values of which none is a text, a list or a joint."""
    match node:
        case ast.Compare(ops=[operator], left=left, comparators=[right]):
            known = isinstance(operator, _ORDER)
        case (
            ast.BinOp(op=op, left=left, right=right)
            | ast.AugAssign(op=op, target=left, value=right)
        ):
            known = isinstance(op, _ARITHMETIC)
        case _:
            return False
    return known and all(map(partial(_may_be_number, scope=scope), (left, right)))


def _may_be_number(node: ast.expr, scope: Scope) -> bool:
    value = read(node, scope.values, {})
    containers = (ast.List, ast.Tuple, ast.ListComp, ast.JoinedStr)
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    other = value is not None and value.kind is not Kind.NUMBER
    return not (other or text or isinstance(node, containers))


def _is_numeric_argument(place: Place, scope: Scope) -> bool:
    """Whether a number is passed at a place, other than the flag of a spring."""
    if not isinstance(place.owner, ast.Call) or place.field != "args":
        return False
    if is_call_of(place.owner, "add_muscle") and (place.index or 0) < 3:
        return False
    value = read(place.node, scope.values, {})
    return value is not None and value.kind is Kind.NUMBER


def _combination(node: ast.expr, other: ast.expr, *, whole: bool, rng: random.Random) -> ast.expr:
    operators: tuple[type[ast.operator], ...] = (ast.Add, ast.Sub, ast.Mult)
    if not whole and isinstance(other, ast.Constant):  # a variable may be zero
        operators += (ast.Div,)
    return ast.BinOp(left=node, op=rng.choice(operators)(), right=other)


def _alternatives(place: Place, scope: Scope) -> list[str]:
    """Other names that could stand at a place."""
    node = place.node
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return []
    value = scope.values.get(node.id)
    if value is None or value.kind is Kind.CREATOR:
        return []
    names = scope.visible(node.lineno, value.kind)
    if value.kind is Kind.FUNCTION:  # only one that takes as many arguments, and not oneself
        names = [
            name
            for name in names
            if scope.values[name].length == value.length and name != scope.function.name
        ]
    return [name for name in names if name != node.id]
