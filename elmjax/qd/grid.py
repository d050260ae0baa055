"""The grid that divides the space of measures into cells (niches).

Bins are uniform along each measure; the number of bins may differ between measures. Cell indices
are flat and row-major: the last measure varies fastest. ELM (arXiv 2206.08896, section 5) uses
12 x 12 x 12 cells over height, width and mass of the walker; its ranges are not stated.
"""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The archive allocates every cell; a mistyped bin count should fail by name, not by memory.
MAX_CELLS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Uniform bins over a box of measures.

    Raises:
        ValueError: A bound, a bin count or a name makes no grid.
    """

    lower: tuple[float, ...] = (0.0, 0.0, 0.0)  # in `units`
    upper: tuple[float, ...] = (24.0, 24.0, 300.0)  # in `units`
    bins: tuple[int, ...] = (12, 12, 12)
    names: tuple[str, ...] = ("height", "width", "mass")
    # Mass is counted, joints + (sum of rest lengths) / 2, and has no unit.
    units: tuple[str, ...] = ("m", "m", "")

    def __post_init__(self) -> None:
        """Checks every field, so that a grid that exists can be used."""
        measures = len(self.names)
        if measures == 0:
            raise ValueError("grid.names is empty; wanted at least one measure")
        if len(set(self.names)) != measures:
            raise ValueError(f"grid.names is {list(self.names)}; wanted a different name each")
        for field in ("lower", "upper", "bins", "units"):
            entries = getattr(self, field)
            if len(entries) != measures:
                raise ValueError(
                    f"grid.{field} has {len(entries)} entries; wanted {measures}, one for each of "
                    f"{', '.join(self.names)}"
                )
        for name, lower, upper, bins in zip(
            self.names, self.lower, self.upper, self.bins, strict=True
        ):
            _check_axis(name, lower, upper, bins)
        if self.cells > MAX_CELLS:
            shape = " x ".join(str(bins) for bins in self.bins)
            raise ValueError(
                f"grid.bins {shape} make {self.cells:,} cells; wanted at most {MAX_CELLS:,}"
            )

    @property
    def cells(self) -> int:
        """Number of cells."""
        return math.prod(self.bins)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the measures with their units, for the axes of a picture."""
        return tuple(
            f"{name} [{unit}]" if unit else name
            for name, unit in zip(self.names, self.units, strict=True)
        )

    def edges(self, axis: int) -> NDArray[np.float64]:
        """Boundaries of the bins of one measure: [bins + 1], in its unit."""
        return np.linspace(self.lower[axis], self.upper[axis], self.bins[axis] + 1)

    def cell_of(self, measures: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Finds the cells that measures fall into.

        Bin k holds edges[k] <= measure < edges[k + 1]; the last bin holds its upper edge too.
        A measure outside the box goes to the bin at the edge (the paper does not say; a map
        "into which any behavioral characterization can be mapped" must take it somewhere).

        Args:
            measures: [n, measures], in `units`.

        Returns:
            The flat cell indices, [n], and whether any measure lay outside the box, [n].

        Raises:
            ValueError: The shape is wrong, or a measure is NaN or infinite.
        """
        values = self._checked(measures)
        clipped = np.any((values < self.lower) | (values > self.upper), axis=1)
        # Searching the inner edges alone clips both ends, and agrees with `edges` to the last bit.
        bins = [
            np.searchsorted(self.edges(axis)[1:-1], values[:, axis], side="right")
            for axis in range(len(self.bins))
        ]
        return np.ravel_multi_index(bins, self.bins).astype(np.int64), clipped

    def _checked(self, measures: ArrayLike) -> NDArray[np.float64]:
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


def _check_axis(name: str, lower: float, upper: float, bins: int) -> None:
    for field, bound in (("lower", lower), ("upper", upper)):
        if isinstance(bound, bool) or not isinstance(bound, Real) or not math.isfinite(bound):
            raise ValueError(f"grid.{field} of {name} is {bound!r}; wanted a finite number")
    if not lower < upper:
        raise ValueError(f"grid.upper of {name} is {upper}; wanted more than its lower, {lower}")
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
        raise ValueError(f"grid.bins of {name} is {bins!r}; wanted a whole number of at least 1")
