"""The two functions of the bug-fixing study, and their bugs (paper, section 3.1 and appendix A).

Bugs come one after the other, so that a problem of n bugs holds the first n. In 4-Parity the first
four rename b1 to b4 into c1 to c4, which are not defined, and the fifth takes the sum modulo 3 in
place of 2. In Quadratic they turn the two + into -, from left to right.

Every function also stands as the tree that genetic programming mutates, in postfix order.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

Number = int | float

# Of Tiny GP (Sipper, github.com/moshesipper/tiny_gp), which the paper's baseline is made from. What
# a program needs beside them is added, and terminals are the names and numbers of the programs,
# with bugs and without: the paper states neither set, and any other symbol would only hinder.
TINY_FUNCTIONS = ("add", "sub", "mul")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A function that is to be repaired.

    Attributes:
        name: On the command line.
        title: In tables.
        function: Name of the function in its program.
        variables: Names of its arguments.
        inputs: What it is tried on.
        reference: What it should give for an input.
        most_bugs: Bugs there are.
        write: The program with some bugs, as the paper prints it.
        tree: The same function as a tree in postfix order.
        functions: Symbols of the tree's inner nodes, all of two operands.
        terminals: Symbols of its leaves: variables, names that are not defined, numbers.
    """

    name: str
    title: str
    function: str
    variables: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    reference: Callable[..., Number]
    most_bugs: int
    write: Callable[[int], str]
    tree: Callable[[int], tuple[str, ...]]
    functions: tuple[str, ...]
    terminals: tuple[str, ...]

    def expected(self) -> list[float]:
        """What the function should give, by input."""
        return [float(self.reference(*values)) for values in self.inputs]


def _parity_parts(bugs: int) -> tuple[list[str], int]:
    """The four summed names, and the modulus."""
    return [f"{'c' if bugs >= bit else 'b'}{bit}" for bit in range(1, 5)], 3 if bugs >= 5 else 2


def _write_parity(bugs: int) -> str:
    names, modulus = _parity_parts(bugs)
    return f'''\
def parity(b1,b2,b3,b4):
    """Return binary parity of a sequence of input bits. \
Return 0 for even parity, 1 for odd parity."""
    bit_sum = sum([{",".join(names)}])
    return bit_sum % {modulus}
'''


def _parity_tree(bugs: int) -> tuple[str, ...]:
    (first, second, third, fourth), modulus = _parity_parts(bugs)
    return (first, second, "add", third, fourth, "add", "add", str(modulus), "mod")


def _write_quadratic(bugs: int) -> str:
    first, second = _quadratic_signs(bugs)
    return f'''\
def quadratic(a,b,c,x):
    """Return quadratic: a,b,c are coefficients and x is the independent variable."""
    return a*pow(x,2){first}b*x{second}c
'''


def _quadratic_signs(bugs: int) -> tuple[str, str]:
    return "-" if bugs >= 1 else "+", "-" if bugs >= 2 else "+"


def _quadratic_tree(bugs: int) -> tuple[str, ...]:
    names = {"+": "add", "-": "sub"}
    first, second = (names[sign] for sign in _quadratic_signs(bugs))
    return ("a", "x", "2", "pow", "mul", "b", "x", "mul", first, "c", second)


PARITY = Task(
    name="parity",
    title="4-Parity",
    function="parity",
    variables=("b1", "b2", "b3", "b4"),
    inputs=tuple(itertools.product((0, 1), repeat=4)),
    reference=lambda *bits: sum(bits) % 2,
    most_bugs=5,
    write=_write_parity,
    tree=_parity_tree,
    functions=(*TINY_FUNCTIONS, "mod"),
    terminals=("b1", "b2", "b3", "b4", "c1", "c2", "c3", "c4", "2", "3"),
)
QUADRATIC = Task(
    name="quadratic",
    title="Quadratic",
    function="quadratic",
    variables=("a", "b", "c", "x"),
    # Three values of each: two polynomials of degree 2 in every variable that agree here are equal.
    inputs=tuple(itertools.product((-2, 1, 3), repeat=4)),
    reference=lambda a, b, c, x: a * x**2 + b * x + c,
    most_bugs=2,
    write=_write_quadratic,
    tree=_quadratic_tree,
    functions=(*TINY_FUNCTIONS, "pow"),
    terminals=("a", "b", "c", "x", "2"),
)
TASKS = {task.name: task for task in (PARITY, QUADRATIC)}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A task with its first bugs in place."""

    task: Task
    bugs: int

    @property
    def name(self) -> str:
        """Task and number of bugs."""
        return f"{self.task.name}-{self.bugs}"

    @property
    def program(self) -> str:
        """The buggy program."""
        return self.task.write(self.bugs)

    @property
    def tree(self) -> tuple[str, ...]:
        """The buggy program as a tree."""
        return self.task.tree(self.bugs)


def problems(task: Task) -> list[Problem]:
    """The task with one bug, with two, and so on."""
    return [Problem(task=task, bugs=bugs) for bugs in range(1, task.most_bugs + 1)]
