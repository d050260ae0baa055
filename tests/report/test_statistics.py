"""Intervals: scipy's own tests as the oracle, values by hand, coverage, and edges."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from elmjax.report import difference_interval, mean_interval, proportion_interval

samples = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30).filter(
    lambda values: np.std(values) > 1e-6
)


def test_by_hand():
    # Mean 2, sample variance 1, standard error 1 / sqrt(3), t(0.975, 2) = 4.302653.
    mean, low, high = mean_interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert low == pytest.approx(2.0 - 4.302653 / math.sqrt(3.0), rel=1e-6)
    assert high == pytest.approx(2.0 + 4.302653 / math.sqrt(3.0), rel=1e-6)


@given(values=samples, confidence=st.floats(0.5, 0.999))
def test_mean_agrees_with_scipy(values, confidence):
    wanted = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(confidence)
    interval = mean_interval(values, confidence)
    assert interval.mean == pytest.approx(np.mean(values), abs=1e-9)
    assert interval[1:] == pytest.approx((wanted.low, wanted.high), rel=1e-6, abs=1e-6)


@given(after=samples, before=samples)
def test_difference_agrees_with_scipy(after, before):
    wanted = scipy.stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    interval = difference_interval(after, before)
    assert interval.mean == pytest.approx(np.mean(after) - np.mean(before), abs=1e-9)
    assert interval[1:] == pytest.approx((wanted.low, wanted.high), rel=1e-6, abs=1e-6)


@given(
    counts=st.integers(1, 10**6).flatmap(
        lambda trials: st.tuples(st.integers(0, trials), st.just(trials))
    ),
    confidence=st.floats(0.5, 0.999),
)
def test_proportion_agrees_with_scipy(counts, confidence):
    wanted = scipy.stats.binomtest(*counts).proportion_ci(confidence, method="exact")
    interval = proportion_interval(*counts, confidence)
    assert interval.mean == counts[0] / counts[1]
    assert interval[1:] == pytest.approx((wanted.low, wanted.high), rel=1e-6, abs=1e-12)


def test_what_never_happened_is_bounded_from_above():
    # (1 - p)^n = 2.5 % at the upper end.
    share, low, high = proportion_interval(0, 100_000)
    assert (share, low) == (0.0, 0.0)
    assert high == pytest.approx(1.0 - 0.025 ** (1 / 100_000), rel=1e-9)
    assert proportion_interval(5, 5)[1:] == (pytest.approx(0.025 ** (1 / 5)), 1.0)


def test_the_interval_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [mean_interval(rng.normal(5.0, 2.0, 8), 0.9) for _ in range(2000)]
    covered = np.mean([low <= 5.0 <= high for _, low, high in intervals])
    assert abs(covered - 0.9) < 5 * math.sqrt(0.9 * 0.1 / 2000)


def test_values_that_agree_have_an_interval_of_no_width():
    assert mean_interval([3.0, 3.0, 3.0]) == (3.0, 3.0, 3.0)
    assert difference_interval([3.0, 3.0], [1.0, 1.0]) == (2.0, 2.0, 2.0)


def test_one_value_has_a_mean_but_no_interval():
    for interval in (mean_interval([3.0]), difference_interval([4.0], [1.0, 1.0])):
        assert interval.mean == 3.0
        assert math.isnan(interval.low)
        assert math.isnan(interval.high)


def test_errors_name_got_and_wanted():
    with pytest.raises(ValueError, match="values is empty; wanted at least one"):
        mean_interval([])
    with pytest.raises(ValueError, match=r"before\[1\] is nan; wanted finite"):
        difference_interval([1.0, 2.0], [1.0, float("nan")])
    with pytest.raises(ValueError, match=r"confidence is 95; wanted"):
        mean_interval([1.0, 2.0], 95)
    with pytest.raises(ValueError, match=r"got 3 successes of 2 trials; wanted"):
        proportion_interval(3, 2)
    with pytest.raises(ValueError, match=r"confidence is 95; wanted"):
        proportion_interval(1, 2, 95)
