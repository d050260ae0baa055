"""The MAP-Elites archive: the best solution found so far in every cell of a grid.

The archive holds numbers only; the id of an elite leads to its program in the history.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elmjax.qd.grid import Grid
from elmjax.qd.rule import Order, Rule

EMPTY = -1


class Archive:
    """One elite a cell.

    Attributes:
        grid: The grid of cells.
        rule: Which solutions of a batch are admitted.
        objective: [cells] objective of the elites, NaN where empty.
        elite: [cells] ids of the elites, -1 where empty.
        measures: [cells, measures] measures of the elites, NaN where empty.
        clipped: Number of solutions offered so far whose measures lay outside the grid.
    """

    def __init__(self, grid: Grid, rule: Rule | None = None) -> None:
        self.grid = grid
        self.rule = rule or Rule()
        self.objective: NDArray[np.float64] = np.full(grid.cells, np.nan)
        self.elite: NDArray[np.int64] = np.full(grid.cells, EMPTY, dtype=np.int64)
        self.measures: NDArray[np.float64] = np.full((grid.cells, len(grid.names)), np.nan)
        self.clipped = 0

    @property
    def occupied(self) -> NDArray[np.bool_]:
        """[cells] whether the cell holds an elite."""
        return self.elite != EMPTY

    def add(self, ids: ArrayLike, objectives: ArrayLike, measures: ArrayLike) -> NDArray[np.int8]:
        """Offers a batch of solutions; the first to reach an objective keeps its cell.

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
        statuses, holders = self.rule.judge(
            places.tolist(), values.tolist(), self._objectives_of(places)
        )
        cells, kept = list(holders), list(holders.values())
        rows = np.reshape(measures, (len(values), len(self.grid.names)))
        self.objective[cells] = values[kept]
        self.elite[cells] = labels[kept]
        self.measures[cells] = rows[kept]
        return np.asarray(statuses, dtype=np.int8)

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

    def restored(self, state: Mapping[str, ArrayLike]) -> "Archive":
        """An archive over the same grid, with the same rule, that holds what `state()` gave.

        Raises:
            ValueError: An array is missing or was made with another grid.
        """
        archive = Archive(self.grid, self.rule)
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

    def copy(self, order: Order | None = None) -> "Archive":
        """A copy, which may judge its next batches in another order."""
        archive = self.restored(self.state())
        archive.rule = self.rule if order is None else replace(self.rule, order=order)
        return archive

    def _objectives_of(self, places: NDArray[np.int64]) -> dict[int, float]:
        """Objectives of the elites in those of some cells that are inhabited."""
        cells = np.unique(places[self.occupied[places]])
        return dict(zip(cells.tolist(), self.objective[cells].tolist(), strict=True))


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
