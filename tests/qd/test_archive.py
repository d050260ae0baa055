"""The archive: order and ties, refusals, state (pyribs is the oracle in test_pyribs)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elmjax.qd import Archive, Grid, archive_metrics

SMALL = Grid(lower=(0.0, 0.0), upper=(2.0, 3.0), bins=(2, 3), names=("a", "b"), units=("m", "m"))

# Few cells and few objectives, so that cells are contested and ties are common.
solutions = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.25, 1.0, 2.5, 7.0]),
        st.floats(-0.5, 2.5, width=32),
        st.floats(-0.5, 3.5, width=32),
    ),
    min_size=1,
    max_size=60,
)


def offer(archive, rows, first_id=0):
    return archive.add(
        np.arange(first_id, first_id + len(rows)),
        [row[0] for row in rows],
        [row[1:] for row in rows],
    )


@given(rows=solutions, cut=st.integers(0, 60))
def test_a_batch_is_its_parts_in_order(rows, cut):
    whole, parts = Archive(SMALL), Archive(SMALL)
    statuses = offer(whole, rows)
    split = [*offer(parts, rows[:cut]), *offer(parts, rows[cut:], first_id=len(rows[:cut]))]
    assert statuses.tolist() == split
    for name, array in whole.state().items():
        assert np.array_equal(array, parts.state()[name], equal_nan=True), name


@given(rows=solutions)
def test_quality_and_coverage_never_fall_and_status_says_why(rows):
    archive = Archive(SMALL)
    before = archive_metrics(archive)
    for i, row in enumerate(rows):
        (status,) = offer(archive, [row], first_id=i)
        after = archive_metrics(archive)
        assert after.niches - before.niches == (status == 2)
        assert after.qd_score >= before.qd_score
        if status == 1:
            assert after.qd_score > before.qd_score
        if status == 0:
            assert after == before
        before = after


def test_first_wins_a_tie():
    archive = Archive(SMALL)
    statuses = archive.add([4, 9, 2], [1.0, 1.0, 1.0], [(0.1, 0.1), (0.2, 0.2), (1.5, 0.1)])
    assert statuses.tolist() == [2, 0, 2]
    assert archive.elite.tolist() == [4, -1, -1, 2, -1, -1]


def test_improvement_inside_a_batch_counts_each_time():
    archive = Archive(SMALL)
    statuses = archive.add([0, 1, 2, 3], [1.0, 3.0, 2.0, 4.0], [(0.5, 0.5)] * 4)
    assert statuses.tolist() == [2, 1, 0, 1]
    assert archive.elite[0] == 3
    assert archive.objective[0] == 4.0


def test_negative_objectives_are_allowed():
    archive = Archive(SMALL)
    assert archive.add([0, 1], [-5.0, -4.0], [(0.5, 0.5)] * 2).tolist() == [2, 1]
    assert archive_metrics(archive).qd_score == -4.0


def test_an_empty_batch_changes_nothing():
    archive = Archive(SMALL)
    assert archive.add([], [], []).shape == (0,)
    assert not archive.occupied.any()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_bad_objective_is_refused_and_nothing_is_added(bad):
    archive = Archive(SMALL)
    with pytest.raises(ValueError, match=r"objectives\[1\] is .*; wanted a finite number"):
        archive.add([0, 1], [1.0, bad], [(0.5, 0.5)] * 2)
    assert not archive.occupied.any()


@pytest.mark.parametrize(
    ("ids", "objectives", "measures", "words"),
    [
        ([0], [1.0, 2.0], [(0.5, 0.5)] * 2, r"ids has shape \[1\]; wanted \[2\]"),
        ([0, 1], [1.0, 2.0], [(0.5, 0.5)], "measures has 1 rows; wanted 2"),
        ([-1], [1.0], [(0.5, 0.5)], "ids holds -1"),
        ([0.5], [1.0], [(0.5, 0.5)], "ids has dtype float64; wanted whole numbers"),
        ([0], [[1.0]], [(0.5, 0.5)], r"objectives has shape \[1, 1\]; wanted \[n\]"),
    ],
)
def test_errors_name_got_and_wanted(ids, objectives, measures, words):
    archive = Archive(SMALL)
    with pytest.raises(ValueError, match=words):
        archive.add(ids, objectives, measures)
    assert not archive.occupied.any()
    assert archive.clipped == 0


def test_sample_is_uniform_over_inhabited_niches():
    archive = Archive(SMALL)
    # One cell was contested many times; that must not make it more likely.
    archive.add(np.arange(50), np.arange(50.0), [(0.5, 0.5)] * 50)
    archive.add([50, 51, 52], [1.0, 1.0, 1.0], [(1.5, 0.5), (1.5, 1.5), (0.5, 2.5)])
    drawn = archive.sample(np.random.default_rng(1), 8000)
    ids, counts = np.unique(drawn, return_counts=True)
    assert ids.tolist() == [49, 50, 51, 52]
    # Each count is binomial(8000, 1/4), standard deviation 39.
    assert np.abs(counts - 2000).max() < 5 * 39


def test_sample_does_not_depend_on_the_order_of_filling():
    one, other = Archive(SMALL), Archive(SMALL)
    rows = [(1.0, 0.5, 0.5), (1.0, 1.5, 0.5), (1.0, 1.5, 2.5)]
    for position in (0, 1, 2):
        one.add([position], [rows[position][0]], [rows[position][1:]])
    for position in (2, 0, 1):
        other.add([position], [rows[position][0]], [rows[position][1:]])
    draws = [archive.sample(np.random.default_rng(3), 100) for archive in (one, other)]
    assert np.array_equal(*draws)


def test_sample_of_an_empty_archive_is_an_error():
    with pytest.raises(ValueError, match="archive is empty"):
        Archive(SMALL).sample(np.random.default_rng(0), 1)


@given(rows=solutions)
def test_state_round_trip(rows):
    archive = Archive(SMALL)
    offer(archive, rows)
    restored = Archive(SMALL).restored(archive.state())
    assert archive_metrics(restored) == archive_metrics(archive)
    assert restored.clipped == archive.clipped
    more = [(9.0, 0.5, 0.5), (0.1, 1.5, 2.5)]
    assert offer(restored, more, 100).tolist() == offer(archive, more, 100).tolist()


def test_state_is_a_copy():
    archive = Archive(SMALL)
    state = archive.state()
    offer(archive, [(1.0, 0.5, 0.5)])
    assert (state["elite"] == -1).all()
    restored = Archive(SMALL).restored(state)
    offer(restored, [(1.0, 0.5, 0.5)])
    assert (state["elite"] == -1).all()


def test_state_of_another_grid_is_refused():
    with pytest.raises(ValueError, match=r"'objective' has shape \[6\]; wanted \[1728\]"):
        Archive(Grid()).restored(Archive(SMALL).state())
    with pytest.raises(ValueError, match="no 'elite'"):
        Archive(SMALL).restored({"objective": np.full(6, np.nan)})
