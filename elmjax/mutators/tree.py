"""Syntax-tree mutation of whole programs: the baseline operator."""

import random
from collections.abc import Sequence

from elmjax import diffs
from elmjax.diffs import DiffVerdict, messages, unified
from elmjax.mutators.mutator import Child
from elmjax.programs import tree
from elmjax.programs.tree import EditClass


def describe(edits: Sequence[EditClass]) -> str:
    """The commit message that is true of some syntax-tree edits."""
    if all(edit is EditClass.CONSTANT for edit in edits):
        return messages.CHANGED_PARAMETERS.text
    return messages.SMALL_CHANGE.text if len(edits) == 1 else messages.CHANGED.text


def tree_mutator(parents: Sequence[str], children: int, seed: int) -> list[Child]:
    """Children by random edits of the syntax tree, each with the message that is true of it."""
    rng = random.Random(seed)
    return [_tree_child(parent, rng) for parent in parents for _ in range(children)]


def _tree_child(parent: str, rng: random.Random) -> Child:
    edit = tree.mutate(parent, rng)
    if not edit.edits or edit.program == parent:
        return Child(
            operator="tree", message="", diff="", program=None, verdict=DiffVerdict.NO_CHANGE
        )
    return Child(
        operator="tree",
        message=describe(edit.edits),
        diff=unified.render(diffs.between(parent, edit.program), parent),
        program=edit.program,
    )
