"""Confidence intervals of means and of proportions, two-sided, for tables and curves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtrit  # type: ignore[import-untyped]


class Interval(NamedTuple):
    """A mean, or a share, and its confidence interval, in the unit of the values."""

    mean: float
    low: float  # NaN where a single value gives no spread
    high: float


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of independent values with the interval that covers the true mean.

    Args:
        values: [n] at least one finite number.
        confidence: Probability of covering the true mean, in (0, 1).

    Raises:
        ValueError: There are no values, one is not finite, or `confidence` is out of range.
    """
    sample = _checked(values, "values")
    freedom = len(sample) - 1
    return _interval(float(sample.mean()), _squared_error(sample), freedom, confidence)


def difference_interval(after: ArrayLike, before: ArrayLike, confidence: float = 0.95) -> Interval:
    """Difference of two means, `after` minus `before`, with Welch's interval.

    Welch's (1947) takes the variances as different, as they are before and after training.

    Args:
        after: [n] at least two finite numbers for an interval.
        before: [m] the same, independent of `after`.
        confidence: Probability of covering the true difference, in (0, 1).

    Raises:
        ValueError: A sample is empty or not finite, or `confidence` is out of range.
    """
    samples = [_checked(after, "after"), _checked(before, "before")]
    errors = [_squared_error(sample) for sample in samples]
    difference = float(samples[0].mean() - samples[1].mean())
    return _interval(difference, sum(errors), _welch_freedom(samples, errors), confidence)


def proportion_interval(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Share of successes in independent trials, with Clopper and Pearson's (1934) interval.

    It covers the true share at least as often as it says for any share and number of trials, and
    bounds from above what never happened.

    Args:
        successes: Of the trials.
        trials: At least one.
        confidence: Probability of covering the true share, in (0, 1).

    Raises:
        ValueError: The successes are not among the trials, or `confidence` is out of range.
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"got {successes} successes of {trials} trials; wanted 0 to trials >= 1")
    _check_confidence(confidence)
    tail, failures = 0.5 - confidence / 2.0, trials - successes
    low = float(betaincinv(successes, failures + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, failures, 1.0 - tail)) if failures else 1.0
    return Interval(successes / trials, low, high)


def _squared_error(sample: NDArray[np.float64]) -> float:
    """Square of the standard error of the mean; NaN for a single value."""
    return float(sample.var(ddof=1)) / len(sample) if len(sample) > 1 else np.nan


def _welch_freedom(samples: list[NDArray[np.float64]], errors: list[float]) -> float:
    """Degrees of freedom after Welch and Satterthwaite."""
    if sum(errors) == 0.0:  # all values of a sample agree: any number of degrees gives width 0
        return 1.0
    parts = (
        error**2 / max(len(sample) - 1, 1) for sample, error in zip(samples, errors, strict=True)
    )
    return sum(errors) ** 2 / sum(parts)


def _interval(mean: float, squared_error: float, freedom: float, confidence: float) -> Interval:
    _check_confidence(confidence)
    if np.isnan(squared_error):
        return Interval(mean, np.nan, np.nan)
    reach = float(stdtrit(freedom, 0.5 + confidence / 2.0)) * squared_error**0.5
    return Interval(mean, mean - reach, mean + reach)


def _check_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence is {confidence}; wanted a number between 0 and 1")


def _checked(values: ArrayLike, name: str) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64).ravel()
    if len(sample) == 0:
        raise ValueError(f"{name} is empty; wanted at least one number")
    if not np.isfinite(sample).all():
        bad = int(np.flatnonzero(~np.isfinite(sample))[0])
        raise ValueError(f"{name}[{bad}] is {sample[bad]}; wanted finite numbers")
    return sample
