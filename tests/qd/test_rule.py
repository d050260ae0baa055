"""The rule of admission: in turn and at once, by hand and against each other; parsimony."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elmjax.qd import Archive, Grid, Rule, Status, archive_metrics

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


FRUGAL = Rule(parsimony=0.1)

STATE = {"objective", "elite", "measures", "clipped"}  # of an archive without parsimony

contests = st.lists(
    st.tuples(st.floats(-2.0, 10.0, width=16), st.integers(1, 6)), min_size=1, max_size=40
)


def contest(rule, rows, first_id=0, archive=None):
    """Offers pairs of objective and length to one cell as one batch."""
    archive = archive or Archive(GRID, rule)
    ids = np.arange(first_id, first_id + len(rows))
    objectives, lengths = zip(*rows, strict=True)
    return archive, archive.add(ids, objectives, [[0.5]] * len(rows), lengths).tolist()


@pytest.mark.parametrize(
    ("objective", "length", "enters"),
    [
        (9.0, 99, True),  # shorter, and 10 % below the peak of 10
        (8.9, 99, False),
        (10.0, 99, True),  # shorter at an exact tie
        (10.0, 100, False),  # the first wins a tie in all
        (10.1, 100, True),
        (11.0, 101, False),  # longer, and the elite is within 10 % of it: 9.9
        (11.2, 101, True),  # 10.08
        (9.99, 101, False),
    ],
)
def test_near_ties_prefer_the_shorter_program(objective, length, enters):
    archive, _ = contest(FRUGAL, [(10.0, 100)])
    assert contest(FRUGAL, [(objective, length)], 1, archive)[1] == [int(enters)]
    assert archive.objective[0] == (objective if enters else 10.0)
    assert archive.length[0] == (length if enters else 100)
    assert archive.peak[0] == (max(objective, 10.0) if enters else 10.0)


def test_near_ties_in_a_row_lose_no_more_than_one_of_them():
    # Each is 5 % worse than the last one and shorter: after 9.025 the peak of 10 stands against it.
    rows = [(10.0 * 0.95**turn, 100 - turn) for turn in range(20)]
    archive, statuses = contest(FRUGAL, rows)
    assert statuses == [2, 1, 1] + [0] * 17
    assert archive.objective[0] == pytest.approx(9.025)
    assert archive_metrics(archive).qd_score == archive.objective[0]


@pytest.mark.parametrize("order", ["sequential", "batch"])
@given(rows=contests, size=st.integers(1, 8))
def test_a_new_elite_is_never_a_step_back(order, rows, size):
    rule = Rule(order=order, parsimony=0.25)
    archive, held = Archive(GRID, rule), None
    for start in range(0, len(rows), size):
        contest(rule, rows[start : start + size], start, archive)
        peak, elite = archive.peak[0], (archive.objective[0], archive.length[0])
        assert elite[0] >= peak - 0.25 * abs(peak)
        assert rows[archive.elite[0]] == elite
        if held and held != (peak, elite):
            raised, shorter = peak > held[0], elite[1] < held[1][1]
            assert raised or shorter or (elite[1] == held[1][1] and elite[0] > held[1][0])
        held = peak, elite
    assert archive_metrics(archive).qd_score == archive.objective[0]


def test_at_once_the_shortest_near_tie_of_the_best_becomes_the_elite():
    rule = Rule(order="batch", parsimony=0.1)
    rows = [(10.0, 50), (9.5, 40), (9.6, 40), (9.6, 40), (5.0, 10)]
    archive, statuses = contest(rule, rows)
    assert statuses == [2] * 5
    # Ten sets the peak; 5 is far below it; of the others of 40 characters the first of 9.6.
    assert (archive.elite[0], archive.peak[0]) == (2, 10.0)


@given(rows=contests)
def test_without_parsimony_lengths_change_nothing(rows):
    archive, statuses = contest(Rule(), rows)
    plain = Archive(GRID)
    ids, objectives = np.arange(len(rows)), [row[0] for row in rows]
    assert plain.add(ids, objectives, [[0.5]] * len(rows)).tolist() == statuses
    assert plain.state().keys() == archive.state().keys() == STATE
    for name, array in plain.state().items():
        assert np.array_equal(array, archive.state()[name], equal_nan=True), name


@given(rows=contests, rest=contests)
def test_state_restores_lengths_and_peaks(rows, rest):
    archive, _ = contest(FRUGAL, rows)
    assert archive.state().keys() == STATE | {"length", "peak"}
    restored = Archive(GRID, FRUGAL).restored(archive.state())
    assert contest(FRUGAL, rest, 100, restored)[1] == contest(FRUGAL, rest, 100, archive)[1]
    for name, array in archive.state().items():
        assert np.array_equal(array, restored.state()[name], equal_nan=True), name


def test_what_parsimony_misses_is_named():
    archive = Archive(GRID, FRUGAL)
    with pytest.raises(ValueError, match="lengths is missing; wanted"):
        archive.add([0], [1.0], [[0.5]])
    with pytest.raises(ValueError, match=r"lengths has shape \[2\]; wanted \[1\]"):
        archive.add([0], [1.0], [[0.5]], [3, 4])
    assert not archive.occupied.any()
    assert archive.clipped == 0
    with pytest.raises(ValueError, match="no 'length'"):
        archive.restored(Archive(GRID).state())


@pytest.mark.parametrize("parsimony", [-0.1, 1.0, float("nan")])
def test_a_parsimony_out_of_range_is_refused(parsimony):
    with pytest.raises(ValueError, match=r"parsimony is .*; wanted at least 0 and less than 1"):
        Rule(parsimony=parsimony)
