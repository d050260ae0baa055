"""Syntax-tree mutation of whole programs: the baseline operator."""

import random
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import repeat

from elmjax import diffs, seeds
from elmjax.diffs import DiffVerdict, messages, unified
from elmjax.mutators.mutator import Child
from elmjax.programs import tree
from elmjax.programs.tree import EditClass, TreeEdit


def describe(edits: Sequence[EditClass]) -> str:
    """The commit message that is true of some syntax-tree edits."""
    if all(edit is EditClass.CONSTANT for edit in edits):
        return messages.CHANGED_PARAMETERS.text
    return messages.SMALL_CHANGE.text if len(edits) == 1 else messages.CHANGED.text


def tree_mutator(parents: Sequence[str], children: int, seed: int, *, dim: int = 2) -> list[Child]:
    """Children by random edits of the syntax tree, each with the message that is true of it."""
    rng = random.Random(seed)
    return [
        _child(parent, edit)
        for parent in parents
        for edit in tree.mutate_often(parent, children, rng, dim)
    ]


@dataclass(frozen=True)
class SharedTreeMutator:
    """As `tree_mutator`, with the parents shared between processes.

    Every parent has a seed of its own: the children do not depend on the number of processes.

    Attributes:
        executor: Of processes.
        dim: Dimensions of the walkers.
    """

    executor: Executor
    dim: int = 2

    def __call__(self, parents: Sequence[str], children: int, seed: int) -> list[Child]:
        """Children of every parent, those of the first one first."""
        own = [random.Random(seeds.derive(seed, "tree", i)) for i in range(len(parents))]
        families = self.executor.map(
            tree.mutate_often, parents, repeat(children), own, repeat(self.dim)
        )
        return [
            _child(parent, edit)
            for parent, edits in zip(parents, families, strict=True)
            for edit in edits
        ]


def _child(parent: str, edit: TreeEdit) -> Child:
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
