"""Planting one bug into a program: the slips of people who write code.

Most can be told from the program alone: a name that means nothing, a variable in the place of
another, a missing statement. Wrong numbers are not among them, because nobody could know.
"""

import ast
import keyword
import random
import string

from elmjax.programs.tree.edit import Assignment, Edit
from elmjax.programs.tree.expressions import change_operator, change_variable
from elmjax.programs.tree.places import Place, bodies, places
from elmjax.programs.tree.program import Program, parsed
from elmjax.programs.tree.rewriting import unparsed
from elmjax.programs.tree.walk import walk

_NEAR = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}


def plant_bug(program: str, rng: random.Random) -> str | None:
    """The program with one bug.

    Args:
        program: Any Python program.
        rng: Source of all chance.

    Returns:
        A program that parses, in canonical form; None where there is no place for a bug.

    Raises:
        SyntaxError: `program` is not Python.
    """
    original = parsed(program)
    left = dict(_BUGS)
    while left:
        bug = rng.choices(list(left), list(left.values()))[0]
        del left[bug]
        edit = bug(original, rng)
        if edit:
            broken = unparsed(original, edit)
            if broken != original.text:
                return broken
    return None


def _misspell(program: Program, rng: random.Random) -> Edit | None:
    """One reading of a variable gets a name that does not exist."""
    nodes = list(walk(program.tree))
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and _is_stored(node)} | {
        node.arg for node in nodes if isinstance(node, ast.arg)
    }
    sites = [
        node
        for node in nodes
        if isinstance(node, ast.Name) and not _is_stored(node) and node.id in bound
    ]
    if not sites:
        return None
    site = rng.choice(sites)
    name = _slip(site.id, rng)
    if not name.isidentifier() or keyword.iskeyword(name):
        return None
    return (Assignment(site, "id", name),)


def _slip(name: str, rng: random.Random) -> str:
    """A name with one letter changed, left out, doubled or added at the end."""
    at = rng.randrange(len(name))
    near = rng.choice(string.ascii_lowercase)
    if len(name) == 1:
        return near
    return rng.choice(
        (
            name[:at] + near + name[at + 1 :],
            name[:at] + name[at + 1 :],
            name[:at] + name[at] + name[at:],
            name + "s",
        )
    )


def _miss_by_one(program: Program, rng: random.Random) -> Edit | None:
    """An argument of `range`, or an index, becomes one more or one less."""
    sites = [place for place in places(program.tree, ast.expr) if _counts(place)]
    if not sites:
        return None
    place, by = rng.choice(sites), rng.choice((-1, 1))
    if isinstance(place.node, ast.Constant) and isinstance(place.node.value, int):
        return (place.with_node(ast.Constant(place.node.value + by)),)
    if isinstance(place.node, ast.Constant):
        return None
    operator = ast.Add() if by > 0 else ast.Sub()
    return (place.with_node(ast.BinOp(left=place.node, op=operator, right=ast.Constant(1))),)


def _counts(place: Place) -> bool:
    """Whether a place is an index or an argument of `range`."""
    match place.owner:
        case ast.Subscript():
            return place.field == "slice" and not isinstance(place.node, ast.Slice | ast.Tuple)
        case ast.Call(func=ast.Name(id="range")):
            return place.field == "args"
    return False


def _compare_wrongly(program: Program, rng: random.Random) -> Edit | None:
    """A comparison lets its border in or out, or looks the other way."""
    sites = [
        node
        for node in walk(program.tree)
        if isinstance(node, ast.Compare) and type(node.ops[0]) in _NEAR
    ]
    if not sites:
        return None
    site = rng.choice(sites)
    first, *rest = site.ops
    return (Assignment(site, "ops", [rng.choice(_NEAR[type(first)])(), *rest]),)


def _swap_arguments(program: Program, rng: random.Random) -> Edit | None:
    """Two neighbouring arguments of a call change places."""
    sites = [
        (node, i)
        for node in walk(program.tree)
        if isinstance(node, ast.Call)
        for i in range(len(node.args) - 1)
        if ast.dump(node.args[i]) != ast.dump(node.args[i + 1])
    ]
    if not sites:
        return None
    call, i = rng.choice(sites)
    first, second = call.args[i : i + 2]
    return (Assignment(call, "args", [*call.args[:i], second, first, *call.args[i + 2 :]]),)


def _forget_statement(program: Program, rng: random.Random) -> Edit | None:
    """A statement is missing, needed or not."""
    lists = [body for body in bodies(program.tree) if len(body.statements) > 1]
    sites = [(body, i) for body in lists for i in range(len(body.statements))]
    if not sites:
        return None
    body, i = rng.choice(sites)
    return (body.with_statements(i, i + 1, []),)


def _is_stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


# With weights: how often a bug is drawn, relative to the others.
_BUGS = {
    _misspell: 4.0,
    change_variable: 2.0,
    change_operator: 1.0,
    _miss_by_one: 1.0,
    _compare_wrongly: 1.0,
    _swap_arguments: 1.0,
    _forget_statement: 1.0,
}
