"""Accepted diffs of a history written by hand: the gains follow from its fitnesses and cells."""

import dataclasses

import numpy as np
import pytest

from elmjax import diffs
from elmjax.diffs import numbered
from elmjax.qd import History, Record
from elmjax.stages.accepted import accepted_diffs, by_parent, loss_weights

SEED, FIRST, SECOND, THIRD = "a = 1\n", "a = 1\nb = 2\n", "a = 3\n", "a = 1\nb = 4\n"
RECORD = Record(
    id=0,
    parent=-1,
    operator="diff",
    message="Small change to make_walker function.",
    diff="",
    program="",
    outcome="ok",
    reason="",
    displacement=0.0,
    fitness=0.0,
    height=1.0,
    width=1.0,
    mass=1.0,
    admitted=True,
    cell=0,
    step=0,
)
ROWS = [
    {"parent": -1, "operator": "seed", "message": "", "program": SEED, "fitness": 2.0, "cell": 5},
    {"parent": 0, "program": FIRST, "fitness": 7.0, "cell": 5},  # 5 m better than the seed
    {"parent": 0, "program": "a = 9\n", "fitness": 1.0, "cell": 5, "admitted": False},
    {"parent": 0, "operator": "tree", "program": "a = 8\n", "fitness": 9.0, "cell": 5},
    {"parent": 0, "program": SECOND, "fitness": 3.0, "cell": 6},  # a new niche: all of it
    {"parent": 1, "program": THIRD, "fitness": 10.0, "cell": 5},  # 1 m better than the tree edit
]


@pytest.fixture
def accepted(tmp_path):
    history = History.open(tmp_path)
    history.append(dataclasses.replace(RECORD, id=id, **row) for id, row in enumerate(ROWS))
    return accepted_diffs(history)


def test_only_edits_of_the_model_that_entered_the_map_are_accepted(accepted) -> None:
    assert [diff.parent for diff in accepted] == [SEED, SEED, FIRST]
    children = []
    for diff in accepted:
        edit = numbered.parse(diff.edit)
        assert isinstance(edit, diffs.Edit)
        children.append(diffs.apply(edit, diff.parent))
    assert children == [FIRST, SECOND, THIRD]


def test_gain_is_what_a_diff_added_to_the_qd_score(accepted) -> None:
    assert [diff.gain for diff in accepted] == [5.0, 3.0, 1.0]
    # The seed's 2 m, the tree edit's 9 - 7 m and these are the QD score: 10 and 3 m.
    assert sum(diff.gain for diff in accepted) + 2.0 + 2.0 == 13.0


def test_weights_are_alike_or_in_proportion_to_gain(accepted) -> None:
    assert loss_weights(accepted, "equal").tolist() == [1.0, 1.0, 1.0]
    # The mean gain is 3 m.
    np.testing.assert_allclose(loss_weights(accepted, "gain"), [5 / 3, 1.0, 1 / 3])


def test_where_nothing_was_gained_all_weigh_the_same(accepted) -> None:
    still = [dataclasses.replace(diff, gain=0.0) for diff in accepted]
    assert loss_weights(still, "gain").tolist() == [1.0, 1.0, 1.0]
    assert loss_weights([], "gain").tolist() == []


def test_every_parent_comes_once_with_all_of_its_edits_and_their_weights(accepted) -> None:
    edited, weights = by_parent(accepted, [5.0, 3.0, 1.0])
    assert [parent.program for parent in edited] == [SEED, FIRST]
    assert [len(parent.edits) for parent in edited] == [2, 1]
    assert edited[0].edits[1] == (RECORD.message, accepted[1].edit)
    assert weights == [[5.0, 3.0], [1.0]]
