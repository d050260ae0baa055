"""The grid that divides the space of measures into cells (niches).

Bins are uniform along each measure; the number of bins may differ between measures. Cell indices
are flat and row-major: the last measure varies fastest. ELM (arXiv 2206.08896, section 5) uses
12 x 12 x 12 cells over height, width and mass of the walker; its ranges are not stated.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elmjax.qd.box import MAX_CELLS, Box


@dataclass(frozen=True, kw_only=True)
class Grid(Box):
    """Uniform bins over a box of measures.

    Raises:
        ValueError: A bound, a bin count or a name makes no grid.
    """

    bins: tuple[int, ...] = (12, 12, 12)

    def __post_init__(self) -> None:
        """Checks every field, so that a grid that exists can be used."""
        super().__post_init__()
        self._check_length("bins")
        for name, bins in zip(self.names, self.bins, strict=True):
            if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
                raise ValueError(
                    f"grid.bins of {name} is {bins!r}; wanted a whole number of at least 1"
                )
        if self.cells > MAX_CELLS:
            shape = " x ".join(str(bins) for bins in self.bins)
            raise ValueError(
                f"grid.bins {shape} make {self.cells:,} cells; wanted at most {MAX_CELLS:,}"
            )

    @property
    def cells(self) -> int:
        """Number of cells."""
        return math.prod(self.bins)

    def edges(self, axis: int) -> NDArray[np.float64]:
        """Boundaries of the bins of one measure: [bins + 1], in its unit."""
        return np.linspace(self.lower[axis], self.upper[axis], self.bins[axis] + 1)

    @property
    def centres(self) -> NDArray[np.float64]:
        """Middle of every cell, [cells, measures] in `units`."""
        edges = [self.edges(axis) for axis in range(len(self.bins))]
        middles = np.meshgrid(*((each[:-1] + each[1:]) / 2 for each in edges), indexing="ij")
        return np.stack(middles, axis=-1).reshape(self.cells, len(self.bins))

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
        values = self.checked(measures)
        # Searching the inner edges alone clips both ends, and agrees with `edges` to the last bit.
        bins = [
            np.searchsorted(self.edges(axis)[1:-1], values[:, axis], side="right")
            for axis in range(len(self.bins))
        ]
        return np.ravel_multi_index(bins, self.bins).astype(np.int64), self.outside(values)
