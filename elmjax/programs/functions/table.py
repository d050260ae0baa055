"""What a function gives for each of some inputs, told in the one language that the jail speaks."""

from collections.abc import Sequence

import numpy as np

from elmjax.programs.functions.result import entry_of, functions_of
from physics.body import Body

# The rows are numbered in the text: nothing here uses a built-in function, which the program may
# have given another meaning.
_TABULATE = """

def make_walker():
    from walk_creator import walker_creator
    table = walker_creator()
    joint = None
    for row, values in {rows}:
        above, joint = joint, table.add_joint(row, {function}(*values))
        if above is not None:
            table.add_muscle(above, joint)
    return table.get_walker()
"""


def tabulate(program: str, function: str, inputs: Sequence[Sequence[float]]) -> str:
    """A walker program with a joint for every input, whose height is what the function gives.

    Args:
        program: Defines the function at its top level; where it has no function of that name, its
            last one is called.
        function: Name of the function, which takes positional arguments and returns a number.
        inputs: Two or more, at most 320.

    Returns:
        A program that fails where the function does, or gives anything but a number.
    """
    name = function if function in functions_of(program) else entry_of(program)
    rows = tuple((row, tuple(values)) for row, values in enumerate(inputs))
    return program + _TABULATE.format(rows=rows, function=name or "missing")


def outputs(body: Body) -> np.ndarray:
    """Reads the body of a tabulated program: the output for each input, [inputs] float32.

    Outputs are rounded to float32 and cut to [-1000, 1000], as all coordinates of a body are.
    """
    return body.joints[:, 1]
