"""The kinds of program that a diff model learns to edit: walkers, and ordinary functions."""

import ast
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from elmjax import diffs
from elmjax.programs import SEEDS, Engine, functions
from elmjax.programs.generate import generate

# Where walker programs start: mostly generated, so that the model meets many styles.
_STARTS: tuple[tuple[str, float], ...] = (
    ("generated", 0.5),
    ("square", 0.2),
    ("radial", 0.1),
    ("cppn_fixed", 0.1),
    ("cppn_mutable", 0.1),
)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of program.

    Attributes:
        start: Writes a program of this kind that runs.
        walker: The walker program whose body tells what a program does; it fails where that fails.
        subject: Name of the function that an edit from one program to another is about.
    """

    start: Callable[[random.Random], str]
    walker: Callable[[str], str]
    subject: Callable[[str, str], str]

    def digests(self, programs: Sequence[str | None], pool: Engine) -> list[str | None]:
        """What each program does, as a hash; None for no program or one that does not run."""
        present = [self.walker(program) for program in programs if program is not None]
        executions = iter(pool.run(present))
        bodies = [None if program is None else next(executions).body for program in programs]
        return [None if body is None else body.digest() for body in bodies]


def _start_walker(rng: random.Random) -> str:
    names, weights = zip(*_STARTS, strict=True)
    name = rng.choices(names, weights)[0]
    return generate(rng) if name == "generated" else SEEDS[name]


def _edited_function(parent: str, child: str) -> str:
    """The function or method of `parent` that the first edited line belongs to."""
    line = diffs.between(parent, child).hunks[0].start + 1  # counted from 1, as the tree does
    functions = [node for node in ast.walk(ast.parse(parent)) if isinstance(node, ast.FunctionDef)]
    # What stands above the first function, an import or a blank line, counts to that one.
    nearest = max(functions, key=lambda node: (node.lineno <= line, -abs(line - node.lineno)))
    return nearest.name


WALKERS = Kind(
    start=_start_walker,
    walker=lambda program: program,
    # The paper's messages name no other function, whatever they change.
    subject=lambda _parent, _child: "make_walker",
)
FUNCTIONS = Kind(
    start=functions.generate,
    walker=functions.show,
    subject=_edited_function,
)
