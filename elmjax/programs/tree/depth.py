"""Edits that only walkers in three dimensions know: joints get a depth, or another one."""

import ast
import random

from elmjax.programs.tree.constants import number
from elmjax.programs.tree.edit import Assignment, Edit
from elmjax.programs.tree.inference import scopes
from elmjax.programs.tree.places import is_call_of
from elmjax.programs.tree.program import Program, analysis
from elmjax.programs.tree.variables import Kind, Scope
from elmjax.programs.tree.walk import walk


def move_in_depth(program: Program, rng: random.Random) -> Edit | None:
    """Adds a number, or a variable that is one, to the depth at which a call makes joints."""
    sites = _joints(program)
    if not sites:
        return None
    call, scope = rng.choice(sites)
    names = scope.visible(call.lineno, Kind.NUMBER)
    if names and rng.random() < 0.3:
        by: ast.expr = ast.Name(id=rng.choice(names), ctx=ast.Load())
    else:
        by = number(rng.choice((-1, 1)) * rng.randint(1, 12) / 2)
    x, y, *depth = call.args
    if depth:
        by = ast.BinOp(left=depth[0], op=ast.Add(), right=by)
    return (Assignment(call, "args", [x, y, by]),)


@analysis
def _joints(program: Program) -> list[tuple[ast.Call, Scope]]:
    """Calls that add a joint at coordinates that are told apart, with the function around them."""
    return [
        (node, scope)
        for scope in scopes(program)
        for node in walk(scope.function)
        if is_call_of(node, "add_joint")
        and isinstance(node, ast.Call)
        and len(node.args) in (2, 3)
        and not node.keywords
        and not any(isinstance(argument, ast.Starred) for argument in node.args)
    ]
