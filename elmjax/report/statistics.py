"""Confidence intervals of means, for tables and curves (Student's t, two-sided)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit  # type: ignore[import-untyped]


class Interval(NamedTuple):
    """A mean and its confidence interval, in the unit of the values."""

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
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence is {confidence}; wanted a number between 0 and 1")
    if np.isnan(squared_error):
        return Interval(mean, np.nan, np.nan)
    reach = float(stdtrit(freedom, 0.5 + confidence / 2.0)) * squared_error**0.5
    return Interval(mean, mean - reach, mean + reach)


def _checked(values: ArrayLike, name: str) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64).ravel()
    if len(sample) == 0:
        raise ValueError(f"{name} is empty; wanted at least one number")
    if not np.isfinite(sample).all():
        bad = int(np.flatnonzero(~np.isfinite(sample))[0])
        raise ValueError(f"{name}[{bad}] is {sample[bad]}; wanted finite numbers")
    return sample
