"""What an ordinary program computes, told in the one language that the jail speaks: a body."""

import ast

from elmjax.programs.syntax import parse

# A polynomial of the text's characters: two results that differ give two bodies, but for one chance
# in a hundred million.
_SHOW = """

def make_walker():
    from walk_creator import walker_creator
    code = 0
    for character in repr({entry}()):
        code = (code * 31 + ord(character)) % 100000007
    body = walker_creator()
    end = body.add_joint(code // 10000 / 1000, 1 + code % 10000 / 1000)
    body.add_muscle(body.add_joint(0, 0), end)
    return body.get_walker()
"""


def show(program: str) -> str:
    """A walker program whose body stands for what an ordinary program computes.

    Args:
        program: Functions, of which the last one at the top level takes no arguments and returns
            the result. Anything else gives a program that fails when it is run.
    """
    return program + _SHOW.format(entry=entry_of(program) or "missing")


def entry_of(program: str) -> str | None:
    """Name of the last function at the top level; None without one or where it does not parse."""
    names = functions_of(program)
    return names[-1] if names else None


def functions_of(program: str) -> list[str]:
    """Names of the functions at the top level, in order; none where it does not parse."""
    try:
        statements = parse(program).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node.name for node in statements if isinstance(node, ast.FunctionDef)]
