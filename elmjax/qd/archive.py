"""The MAP-Elites archive: the best solution found so far in every cell of a map.

The archive holds numbers only; the id of an elite leads to its program in the history.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elmjax.qd.rule import Niche, Order, Rule, Solution
from elmjax.qd.tessellation import Cells

EMPTY = -1


class Archive:
    """One elite a cell.

    Attributes:
        grid: The cells: bins of a grid, or around the centroids of a tessellation.
        rule: Which solutions of a batch are admitted.
        objective: [cells] objective of the elites, NaN where empty.
        elite: [cells] ids of the elites, -1 where empty.
        measures: [cells, measures] measures of the elites, NaN where empty.
        length: [cells] lengths of the elites' programs; 0 where empty or parsimony is off.
        peak: [cells] best objective ever admitted, NaN where empty; that of the elite, or above it
            where parsimony took a shorter program.
        clipped: Number of solutions offered so far whose measures lay outside the grid.
    """

    def __init__(self, grid: Cells, rule: Rule | None = None) -> None:
        self.grid = grid
        self.rule = rule or Rule()
        self.objective: NDArray[np.float64] = np.full(grid.cells, np.nan)
        self.elite: NDArray[np.int64] = np.full(grid.cells, EMPTY, dtype=np.int64)
        self.measures: NDArray[np.float64] = np.full((grid.cells, len(grid.names)), np.nan)
        self.length: NDArray[np.int64] = np.zeros(grid.cells, dtype=np.int64)
        self.peak: NDArray[np.float64] = np.full(grid.cells, np.nan)
        self.clipped = 0

    @property
    def occupied(self) -> NDArray[np.bool_]:
        """[cells] whether the cell holds an elite."""
        return self.elite != EMPTY

    def add(
        self,
        ids: ArrayLike,
        objectives: ArrayLike,
        measures: ArrayLike,
        lengths: ArrayLike | None = None,
    ) -> NDArray[np.int8]:
        """Offers a batch of solutions; the first to reach an objective keeps its cell.

        Args:
            ids: [n] ids of the solutions in the history, not negative.
            objectives: [n] fitness; higher is better.
            measures: [n, measures] in the units of the grid; clipped to it and counted.
            lengths: [n] characters of the programs; needed, and read, under parsimony only.

        Returns:
            [n] `Status` of each solution as a number: 0 rejected, 1 improved, 2 new.

        Raises:
            ValueError: Shapes disagree, or a number is NaN, infinite or no id. Nothing is added.
        """
        values = _checked_objectives(objectives)
        labels = _checked_ids(ids, len(values))
        sizes = self._checked_lengths(lengths, len(values))
        places, clipped = self.grid.cell_of(measures)
        if len(places) != len(values):
            raise ValueError(
                f"measures has {len(places)} rows; wanted {len(values)}, one for each objective"
            )
        self.clipped += int(clipped.sum())
        solutions = list(map(Solution, values.tolist(), sizes.tolist()))
        statuses, niches = self.rule.judge(places.tolist(), solutions, self._niches(places))
        rows = np.reshape(measures, (len(values), len(self.grid.names)))
        for cell, niche in niches.items():
            if niche.position is not None:
                self.objective[cell], self.length[cell] = niche.elite
                self.peak[cell] = niche.peak
                self.elite[cell] = labels[niche.position]
                self.measures[cell] = rows[niche.position]
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
        """Copies of what it holds, for a checkpoint; shapes depend on the grid alone.

        Lengths and peaks are among it under parsimony only: without, the ones do not count and the
        others are the objectives.
        """
        plain = {
            "objective": self.objective.copy(),
            "elite": self.elite.copy(),
            "measures": self.measures.copy(),
            "clipped": np.asarray(self.clipped, dtype=np.int64),
        }
        if self.rule.parsimony == 0.0:
            return plain
        return {**plain, "length": self.length.copy(), "peak": self.peak.copy()}

    def restored(self, state: Mapping[str, ArrayLike]) -> "Archive":
        """An archive over the same grid, with the same rule, that holds what `state()` gave.

        Raises:
            ValueError: An array is missing or was made with another grid or kind of rule.
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
        if self.rule.parsimony == 0.0:
            archive.peak = archive.objective.copy()
        return archive

    def copy(self, order: Order | None = None) -> "Archive":
        """A copy, which may judge its next batches in another order."""
        archive = self.restored(self.state())
        archive.rule = self.rule if order is None else replace(self.rule, order=order)
        return archive

    def _niches(self, places: NDArray[np.int64]) -> dict[int, Niche]:
        """The inhabited ones among some cells."""
        cells = np.unique(places[self.occupied[places]])
        arrays = (cells, self.objective[cells], self.length[cells], self.peak[cells])
        return {
            cell: Niche(Solution(objective, length), peak)
            for cell, objective, length, peak in zip(
                *(array.tolist() for array in arrays), strict=True
            )
        }

    def _checked_lengths(self, lengths: ArrayLike | None, count: int) -> NDArray[np.int64]:
        if self.rule.parsimony == 0.0:
            return np.zeros(count, dtype=np.int64)
        if lengths is None:
            raise ValueError("lengths is missing; wanted [n]: parsimony compares them")
        sizes = np.asarray(lengths)
        if sizes.shape != (count,):
            raise ValueError(
                f"lengths has shape {list(sizes.shape)}; wanted [{count}], one for each objective"
            )
        return sizes.astype(np.int64)


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
