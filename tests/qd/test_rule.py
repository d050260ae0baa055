"""The rule of admission: in turn and at once, by hand and against each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elmjax.qd import Archive, Grid, Rule, Status

GRID = Grid(lower=(0.0,), upper=(3.0,), bins=(3,), names=("a",), units=("m",))

# Few cells and few objectives, so that cells are contested and ties are common.
batches = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.5, 1.5, 2.5])), max_size=12),
    min_size=1,
    max_size=5,
)


def offer(archive, rows, first_id=0):
    ids = np.arange(first_id, first_id + len(rows))
    return archive.add(ids, [row[0] for row in rows], [row[1:] for row in rows])


@pytest.mark.parametrize(
    ("order", "inhabited", "empty"),
    [("sequential", [1, 1, 0, 0, 0], [2, 1, 0]), ("batch", [1, 1, 1, 1, 0], [2, 2, 2])],
)
def test_a_batch_by_hand(order, inhabited, empty):
    archive = Archive(GRID, Rule(order=order))
    assert offer(archive, [(3, 0.5)]).tolist() == [2]
    # An elite of 3, challenged: all but the last beat it, two after they were beaten themselves.
    contest = [(objective, 0.5) for objective in (4, 5, 4, 5, 2)]
    assert offer(archive, contest, first_id=1).tolist() == inhabited
    assert (archive.elite[0], archive.objective[0]) == (2, 5.0)  # the first of the two fives
    # A cell found empty by all three.
    assert offer(archive, [(1, 1.5), (2, 1.5), (0, 1.5)], first_id=6).tolist() == empty
    assert (archive.elite[1], archive.objective[1]) == (7, 2.0)


@given(batches=batches)
def test_both_orders_keep_the_same_elites_and_at_once_admits_more(batches):
    in_turn, at_once = Archive(GRID), Archive(GRID, Rule(order="batch"))
    for number, rows in enumerate(batches):
        statuses = offer(in_turn, rows, 100 * number)
        more = offer(at_once, rows, 100 * number)
        assert ((statuses != Status.REJECTED) <= (more != Status.REJECTED)).all()
    for name, array in in_turn.state().items():
        assert np.array_equal(array, at_once.state()[name], equal_nan=True), name


@given(batches=batches)
def test_batches_of_one_are_the_same_in_both_orders(batches):
    in_turn, at_once = Archive(GRID), Archive(GRID, Rule(order="batch"))
    for number, row in enumerate(row for rows in batches for row in rows):
        assert offer(in_turn, [row], number).tolist() == offer(at_once, [row], number).tolist()


def test_a_copy_in_another_order_leaves_the_archive_alone():
    archive = Archive(GRID)
    copy = archive.copy("batch")
    assert offer(copy, [(1, 0.5), (1, 0.5)]).tolist() == [2, 2]
    assert archive.copy().rule == archive.rule == Rule()
    assert not archive.occupied.any()
