"""The syntax-tree mutation: a few small edits of a Python program, drawn by weight.

The baseline that a language model has to beat inside MAP-Elites, and the source of the edits that
it learns from. Not the node mutation of Tiny GP, which the paper uses on its bug-fixing tasks.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from elmjax.programs.tree.constants import perturb_constant, replace_constant
from elmjax.programs.tree.depth import move_in_depth
from elmjax.programs.tree.edit import Edit
from elmjax.programs.tree.expressions import change_argument, change_operator, change_variable
from elmjax.programs.tree.program import Program, parsed
from elmjax.programs.tree.rewriting import rewritten
from elmjax.programs.tree.springs import (
    add_joint_in_space,
    add_joint_with_springs,
    add_spring,
    connect_all_pairs,
    repeat_part,
    toggle_rigid,
)
from elmjax.programs.tree.statements import (
    delete_statement,
    duplicate_statement,
    swap_statements,
    wrap_in_loop,
)

# The number of edits is 1 plus a geometric number: after each, another one with this probability.
_ANOTHER_EDIT = 0.45
_MOST_EDITS = 4


class EditClass(StrEnum):
    """What an edit changes, so that a commit message can tell the truth about it."""

    CONSTANT = "constant"  # only numbers
    STRUCTURE = "structure"


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One way to edit a program.

    Attributes:
        edit: Draws an edit of a program; None where there is nothing to edit.
        weight: How often it is drawn, relative to the others.
        edit_class: What it changes.
    """

    edit: Callable[[Program, random.Random], Edit | None]
    weight: float
    edit_class: EditClass = EditClass.STRUCTURE


OPERATORS = (
    Operator(edit=perturb_constant, weight=6.0, edit_class=EditClass.CONSTANT),
    Operator(edit=replace_constant, weight=3.0, edit_class=EditClass.CONSTANT),
    Operator(edit=duplicate_statement, weight=2.0),
    Operator(edit=delete_statement, weight=1.5),
    Operator(edit=swap_statements, weight=0.5),
    Operator(edit=change_operator, weight=1.0),
    Operator(edit=change_argument, weight=1.5),
    Operator(edit=change_variable, weight=1.0),
    Operator(edit=wrap_in_loop, weight=1.0),
    Operator(edit=add_joint_with_springs, weight=2.0),
    Operator(edit=add_spring, weight=2.0),
    Operator(edit=repeat_part, weight=1.5),
    Operator(edit=connect_all_pairs, weight=1.0),
    Operator(edit=toggle_rigid, weight=2.0),
)


SPATIAL_OPERATORS = (
    *(
        replace(operator, edit=add_joint_in_space)
        if operator.edit is add_joint_with_springs
        else operator
        for operator in OPERATORS
    ),
    Operator(edit=move_in_depth, weight=3.0),
)


@dataclass(frozen=True, kw_only=True)
class TreeEdit:
    """What a mutation made.

    Attributes:
        program: The child in canonical form, which always parses; the parent in that form where
            nothing was edited.
        edits: Classes of the edits in the order made; empty where there is no child.
    """

    program: str
    edits: tuple[EditClass, ...]

    @property
    def changed(self) -> bool:
        """Whether `program` is a child, different from its parent."""
        return bool(self.edits)


def mutate(program: str, rng: random.Random, dim: int = 2) -> TreeEdit:
    """Makes one to four edits to a walker program.

    Args:
        program: Any Python program; comments are lost.
        rng: Source of all chance: equal states give equal children.
        dim: Dimensions of the walker; in three, joints are given depths.

    Raises:
        ValueError: The program is not Python, or nested too deeply for Python's own parser.
    """
    try:
        parent = parsed(program)
    except SyntaxError as error:
        raise ValueError(f"program: got a syntax error ({error}), wanted Python") from error
    child = parent.text
    edits: list[EditClass] = []
    for _ in range(_edit_count(rng)):
        # Parsed anew for each edit but the first, so that line numbers are true.
        subject = Program(child) if edits else parent
        step = _edit_once(subject, rng, OPERATORS if dim == 2 else SPATIAL_OPERATORS)
        if step is None:
            break
        child, edit_class = step
        edits.append(edit_class)
    # Two edits can undo each other.
    return TreeEdit(program=child, edits=tuple(edits) if child != parent.text else ())


def mutate_often(program: str, count: int, rng: random.Random, dim: int = 2) -> list[TreeEdit]:
    """`count` children of one program, as `mutate` makes them one after the other."""
    return [mutate(program, rng, dim) for _ in range(count)]


def _edit_count(rng: random.Random) -> int:
    count = 1
    while count < _MOST_EDITS and rng.random() < _ANOTHER_EDIT:
        count += 1
    return count


def _edit_once(
    program: Program, rng: random.Random, operators: Sequence[Operator]
) -> tuple[str, EditClass] | None:
    """One edit by an operator drawn by weight; those that change nothing are drawn no more."""
    left = list(operators)
    while left:
        operator = rng.choices(left, [candidate.weight for candidate in left])[0]
        left.remove(operator)
        child = _edited(program, operator, rng)
        if child is not None:
            return child, operator.edit_class
    return None


def _edited(program: Program, operator: Operator, rng: random.Random) -> str | None:
    """Child by one operator, None where it changes nothing or what it makes is not Python."""
    try:
        edit = operator.edit(program, rng)
        child = rewritten(program, edit) if edit else program.text
    except (SyntaxError, RecursionError):
        return None
    return child if child != program.text else None
