from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from elmjax.diffs import DiffVerdict, unified
from elmjax.mutators import SharedTreeMutator, describe, tree_mutator
from elmjax.programs.tree import EditClass


def test_children_come_parent_by_parent_and_say_how_they_came(parents) -> None:
    children = tree_mutator(parents, 5, seed=1)
    assert len(children) == 10
    for child, parent in zip(children, [p for p in parents for _ in range(5)], strict=True):
        if child.program is None:
            assert child.verdict is DiffVerdict.NO_CHANGE
        else:
            assert child.program != parent
            assert unified.apply_unified(child.diff, parent) == child.program


def test_seed_decides_everything(parents) -> None:
    assert tree_mutator(parents, 5, seed=1) == tree_mutator(parents, 5, seed=1)
    assert tree_mutator(parents, 5, seed=1) != tree_mutator(parents, 5, seed=2)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([EditClass.CONSTANT] * 3, "Changed parameters in make_walker function."),
        ([EditClass.STRUCTURE], "Small change to make_walker function."),
        ([EditClass.STRUCTURE, EditClass.CONSTANT], "Changed make_walker function."),
    ],
)
def test_message_is_true_of_the_edits(edits: list[EditClass], message: str) -> None:
    assert describe(edits) == message


def test_processes_share_the_parents_and_nothing_else(parents) -> None:
    makers = [ProcessPoolExecutor(count, mp_context=get_context("spawn")) for count in (1, 2)]
    children = [
        SharedTreeMutator(executor)([*parents, parents[0]], 5, seed=1) for executor in makers
    ]
    for executor in makers:
        executor.shutdown()
    assert children[0] == children[1]
    # Every parent has a seed of its own, an equal one too.
    assert children[0][:5] != children[0][-5:]
    for child, parent in zip(children[0], [p for p in parents for _ in range(5)], strict=False):
        assert child.program is None or unified.apply_unified(child.diff, parent) == child.program
