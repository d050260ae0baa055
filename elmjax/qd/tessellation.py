"""A tessellation of the space of measures: cells around centroids, in place of a grid's bins.

CVT-MAP-Elites (Vassiliades, Chatzilygeroudis and Mouret 2018, arXiv 1610.05729): the number of
cells is chosen freely, however many measures there are. A point belongs to the nearest centroid,
and each centroid is about the middle of the points that belong to it.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from elmjax.qd.box import Box
from elmjax.qd.grid import Grid

SAMPLES_PER_CELL = 50
LLOYD_STEPS = 20
# Samples and their distances are held in memory, 50 for every cell.
MAX_CENTROIDS = 100_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Tessellation(Box):
    """Cells around centroids in a box of measures; as a grid otherwise.

    Distances are Euclidean after the box is scaled to a unit cube: a range counts as much as any
    other, whatever its unit.

    Raises:
        ValueError: A bound or a name makes no box, or a centroid lies outside it.
    """

    centroids: NDArray[np.float64]  # [cells, measures] in `units`

    @classmethod
    def centroidal(cls, cells: int, *, seed: int = 0, **box: Any) -> Self:
        """Spreads centroids evenly over a box.

        Args:
            cells: Number of centroids.
            seed: Of the points that they are fitted to: equal seeds give equal cells.
            box: Fields of `Box`.

        Raises:
            ValueError: There are too few or too many cells, or `box` makes no box.
        """
        if not 1 <= cells <= MAX_CENTROIDS:
            raise ValueError(f"grid.centroids is {cells}; wanted 1 to {MAX_CENTROIDS:,}")
        bounds = Box(**box)
        unit = _unit_centroids(cells, len(bounds.names), seed)
        return cls(centroids=_stretched(bounds, unit), **box)

    def __post_init__(self) -> None:
        """Checks every field, so that a tessellation that exists can be used."""
        super().__post_init__()
        if self.outside(self.checked(self.centroids)).any() or len(self.centroids) == 0:
            raise ValueError("grid.centroids: wanted one or more points, all of them in the box")

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.centroids)

    @property
    def centres(self) -> NDArray[np.float64]:
        """Middle of every cell, [cells, measures] in `units`."""
        return self.centroids

    def cell_of(self, measures: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Finds the cells of the centroids nearest to measures, the first of equally near ones.

        Measures outside the box are clipped to it before.

        Args:
            measures: [n, measures], in `units`.

        Returns:
            The indices of the centroids, [n], and whether any measure lay outside the box, [n].

        Raises:
            ValueError: The shape is wrong, or a measure is NaN or infinite.
        """
        values = self.checked(measures)
        points = self._scaled(np.clip(values, self.lower, self.upper))
        distances, nearest = self._tree.query(points, k=[1, 2])
        cells = nearest[:, 0].astype(np.int64)
        # Which one of equally near ones the tree finds depends on how it was built.
        for tied in np.flatnonzero(distances[:, 0] == distances[:, 1]):
            offset = self._tree.data - points[tied]
            cells[tied] = np.argmin(np.sum(offset**2, axis=1))
        return cells, self.outside(values)

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self._scaled(self.centroids))

    def _scaled(self, measures: NDArray[np.float64]) -> NDArray[np.float64]:
        """Measures in the unit cube."""
        return (measures - self.lower) / np.subtract(self.upper, self.lower)


Cells = Grid | Tessellation  # what an archive can lie over


def _stretched(box: Box, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the unit cube in the box, which rounding must not leave."""
    stretched = box.lower + points * np.subtract(box.upper, box.lower)
    return np.clip(stretched, box.lower, box.upper)


@cache
def _unit_centroids(cells: int, measures: int, seed: int) -> NDArray[np.float64]:
    """Lloyd's algorithm on uniform points of the unit cube, [cells, measures]."""
    rng = np.random.default_rng(seed)
    samples = rng.random((SAMPLES_PER_CELL * cells, measures))
    centroids = samples[:cells]
    for _ in range(LLOYD_STEPS):
        _, nearest = KDTree(centroids).query(samples)
        counts = np.bincount(nearest, minlength=cells)
        sums = [np.bincount(nearest, axis, minlength=cells) for axis in samples.T]
        # A centroid without samples stays where it is; it began as one, so that is rare.
        means = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]
        centroids = np.where(counts[:, None] > 0, means, centroids)
    centroids.flags.writeable = False
    return centroids
