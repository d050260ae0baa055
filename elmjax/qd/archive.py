"""The MAP-Elites archive: the best solution found so far in every cell of a grid.

The archive holds numbers only; the id of an elite leads to its program in the history.
"""

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elmjax.qd.grid import Grid

EMPTY = -1


class Status(IntEnum):
    """What became of a solution offered to the archive (the numbers are those of pyribs)."""

    REJECTED = 0
    IMPROVED = 1  # replaced the elite of its cell
    NEW = 2  # filled an empty cell


class Archive:
    """One elite a cell, admitted strictly in the order offered.

    A batch is not judged against the archive as it stood before the batch, although that would
    vectorise: "every solution ever admitted" is the data set of stage 2, and a batch judged at
    once admits 8 % more at 512 children.

    Attributes:
        grid: The grid of cells.
        objective: [cells] objective of the elites, NaN where empty.
        elite: [cells] ids of the elites, -1 where empty.
        measures: [cells, measures] measures of the elites, NaN where empty.
        clipped: Number of solutions offered so far whose measures lay outside the grid.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.objective: NDArray[np.float64] = np.full(grid.cells, np.nan)
        self.elite: NDArray[np.int64] = np.full(grid.cells, EMPTY, dtype=np.int64)
        self.measures: NDArray[np.float64] = np.full((grid.cells, len(grid.names)), np.nan)
        self.clipped = 0

    @property
    def occupied(self) -> NDArray[np.bool_]:
        """[cells] whether the cell holds an elite."""
        return self.elite != EMPTY

    def add(self, ids: ArrayLike, objectives: ArrayLike, measures: ArrayLike) -> NDArray[np.int8]:
        """Offers solutions one after another; the first to reach an objective keeps its cell.

        Args:
            ids: [n] ids of the solutions in the history, not negative.
            objectives: [n] fitness; higher is better.
            measures: [n, measures] in the units of the grid; clipped to it and counted.

        Returns:
            [n] `Status` of each solution as a number: 0 rejected, 1 improved, 2 new.

        Raises:
            ValueError: Shapes disagree, or a number is NaN, infinite or no id. Nothing is added.
        """
        values = _checked_objectives(objectives)
        labels = _checked_ids(ids, len(values))
        places, clipped = self.grid.cell_of(measures)
        if len(places) != len(values):
            raise ValueError(
                f"measures has {len(places)} rows; wanted {len(values)}, one for each objective"
            )
        self.clipped += int(clipped.sum())
        status = self._admit(places, values)
        # Of several admitted to one cell the last is the best: numpy keeps the last assignment.
        admitted = np.flatnonzero(status != Status.REJECTED)
        self.elite[places[admitted]] = labels[admitted]
        rows = np.reshape(measures, (len(values), len(self.grid.names)))
        self.measures[places[admitted]] = rows[admitted]
        return status

    def sample(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draws elites uniformly over the inhabited niches, with replacement.

        The draw depends on the generator and on the content of the archive alone, never on the
        order in which cells were filled, so that a resumed run repeats it.

        Returns:
            [count] ids.

        Raises:
            ValueError: The archive is empty.
        """
        inhabited = np.flatnonzero(self.occupied)
        if len(inhabited) == 0:
            raise ValueError("the archive is empty; wanted at least one elite: add a seed first")
        return self.elite[inhabited[rng.integers(len(inhabited), size=count)]]

    def state(self) -> dict[str, NDArray]:
        """Copies of everything but the grid, for a checkpoint; shapes depend on the grid alone."""
        return {
            "objective": self.objective.copy(),
            "elite": self.elite.copy(),
            "measures": self.measures.copy(),
            "clipped": np.asarray(self.clipped, dtype=np.int64),
        }

    @classmethod
    def from_state(cls, grid: Grid, state: Mapping[str, ArrayLike]) -> "Archive":
        """Restores an archive from `state()`.

        Raises:
            ValueError: An array is missing or was made with another grid.
        """
        archive = cls(grid)
        for name, wanted in archive.state().items():
            if name not in state:
                raise ValueError(f"archive state has no {name!r}; got {sorted(state)}")
            array = np.array(state[name], dtype=wanted.dtype)
            if array.shape != wanted.shape:
                raise ValueError(
                    f"archive state {name!r} has shape {list(array.shape)}; wanted "
                    f"{list(wanted.shape)} for this grid: was the grid changed since?"
                )
            setattr(archive, name, array if array.ndim else int(array))
        return archive

    def _admit(self, places: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.int8]:
        """Updates `objective` in order; returns the statuses, [n]."""
        # A dictionary of the touched cells and Python floats: five times as fast as indexing the
        # array once for every solution.
        touched = np.unique(places)
        best = {
            cell: value
            for cell, value in zip(touched.tolist(), self.objective[touched].tolist(), strict=True)
            if value == value  # noqa: PLR0124  (NaN: the cell is empty)
        }
        status = [Status.REJECTED.value] * len(places)
        for position, (cell, value) in enumerate(
            zip(places.tolist(), values.tolist(), strict=True)
        ):
            elite = best.get(cell)
            if elite is None:
                status[position] = Status.NEW.value
            elif value > elite:
                status[position] = Status.IMPROVED.value
            else:
                continue
            best[cell] = value
        self.objective[list(best)] = list(best.values())
        return np.asarray(status, dtype=np.int8)


def _checked_objectives(objectives: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(objectives, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"objectives has shape {list(values.shape)}; wanted [n]")
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise ValueError(
            f"objectives[{bad[0]}] is {values[bad[0]]}; wanted a finite number (a walker that "
            "diverged has no fitness: do not add it)"
        )
    return values


def _checked_ids(ids: ArrayLike, count: int) -> NDArray[np.int64]:
    labels = np.asarray(ids)
    if labels.shape != (count,):
        raise ValueError(
            f"ids has shape {list(labels.shape)}; wanted [{count}], one for each objective"
        )
    if count and labels.dtype.kind not in "iu":
        raise ValueError(f"ids has dtype {labels.dtype}; wanted whole numbers")
    if count and labels.min() < 0:
        raise ValueError(f"ids holds {labels.min()}; wanted numbers of at least 0")
    return labels.astype(np.int64)
