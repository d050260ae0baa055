import pytest

from elmjax.diffs import DiffVerdict, unified
from elmjax.mutators import describe, tree_mutator
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
