"""The box of measures that the cells of a map divide: names, units, bounds."""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The archive allocates every cell; a mistyped count should fail by name, not by memory.
MAX_CELLS = 10_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Box:
    """Bounds of some measures. Messages call it `grid`, the section of the configuration.

    Raises:
        ValueError: A bound or a name makes no box.
    """

    lower: tuple[float, ...] = (0.0, 0.0, 0.0)  # in `units`
    upper: tuple[float, ...] = (24.0, 24.0, 300.0)  # in `units`
    names: tuple[str, ...] = ("height", "width", "mass")
    # Mass is counted, joints + (sum of rest lengths) / 2, and has no unit.
    units: tuple[str, ...] = ("m", "m", "")

    def __post_init__(self) -> None:
        """Checks every field, so that a box that exists can be used."""
        if len(self.names) == 0:
            raise ValueError("grid.names is empty; wanted at least one measure")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"grid.names is {list(self.names)}; wanted a different name each")
        for field in ("lower", "upper", "units"):
            self._check_length(field)
        for name, lower, upper in zip(self.names, self.lower, self.upper, strict=True):
            _check_bounds(name, lower, upper)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the measures with their units, for the axes of a picture."""
        return tuple(
            f"{name} [{unit}]" if unit else name
            for name, unit in zip(self.names, self.units, strict=True)
        )

    def outside(self, measures: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether any of the measures, [n, measures], lies outside the box, [n]."""
        return np.any((measures < self.lower) | (measures > self.upper), axis=1)

    def checked(self, measures: ArrayLike) -> NDArray[np.float64]:
        """Measures as an array, [n, measures].

        Raises:
            ValueError: The shape is wrong, or a measure is NaN or infinite.
        """
        values = np.asarray(measures, dtype=np.float64)
        if values.size == 0:  # a batch without one body is an empty list, not [0, measures]
            values = values.reshape(0, len(self.names))
        if values.ndim != 2 or values.shape[1] != len(self.names):
            raise ValueError(
                f"measures has shape {list(values.shape)}; wanted [n, {len(self.names)}] "
                f"({', '.join(self.names)})"
            )
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            row, axis = bad[0]
            raise ValueError(
                f"measures[{row}] has {self.names[axis]} {values[row, axis]}; wanted finite "
                "numbers (a program without a body has no cell: do not add it)"
            )
        return values

    def _check_length(self, field: str) -> None:
        if len(entries := getattr(self, field)) != len(self.names):
            raise ValueError(
                f"grid.{field} has {len(entries)} entries; wanted {len(self.names)}, one for each "
                f"of {', '.join(self.names)}"
            )


def _check_bounds(name: str, lower: float, upper: float) -> None:
    for field, bound in (("lower", lower), ("upper", upper)):
        if isinstance(bound, bool) or not isinstance(bound, Real) or not math.isfinite(bound):
            raise ValueError(f"grid.{field} of {name} is {bound!r}; wanted a finite number")
    if not lower < upper:
        raise ValueError(f"grid.upper of {name} is {upper}; wanted more than its lower, {lower}")
