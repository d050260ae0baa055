"""The archive for a notebook: niches with their walkers, as rows, by number and by bins."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from elmjax.notebook.walker import Walker
from elmjax.qd import Archive, ArchiveMetrics, Cells, Grid, archive_metrics


class Source(Protocol):
    """What knows the programs of an archive."""

    def walker(self, id: int, niche: int | None = None) -> Walker:
        """A program by its id."""
        ...


class Niches:
    """The inhabited niches of an archive, in order of their numbers.

    `niches[613]` and `niches[3, 4, 5]` are walkers, `niches.frame` is a table.

    Attributes:
        elites: The archive itself, with arrays over all cells; `elmjax.qd.to_ribs` takes it.
    """

    def __init__(self, elites: Archive, source: Source) -> None:
        self.elites = elites
        self._source = source

    @property
    def grid(self) -> Cells:
        """The cells, with names, units and bounds of the measures."""
        return self.elites.grid

    @property
    def cells(self) -> NDArray[np.int64]:
        """[niches] numbers of the inhabited cells."""
        return np.flatnonzero(self.elites.occupied)

    @property
    def fitness(self) -> NDArray[np.float64]:
        """[niches] m."""
        return self.elites.objective[self.cells]

    @property
    def measures(self) -> NDArray[np.float64]:
        """[niches, measures] in `grid.units`."""
        return self.elites.measures[self.cells]

    @property
    def programs(self) -> list[str]:
        """Texts of the elites."""
        return [walker.program for walker in self]

    @property
    def metrics(self) -> ArchiveMetrics:
        """Niches, coverage, QD score, best and mean."""
        return archive_metrics(self.elites)

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each niche: its number, bins where it has any, fitness, measures and id."""
        cells = self.cells
        columns = {"niche": cells}
        if isinstance(self.grid, Grid):
            bins = np.unravel_index(cells, self.grid.bins)
            columns |= {
                f"{name}_bin": each for name, each in zip(self.grid.names, bins, strict=True)
            }
        measures = dict(zip(self.grid.names, self.measures.T, strict=True))
        ids = self.elites.elite[cells]
        return pd.DataFrame({**columns, "fitness": self.fitness, **measures, "id": ids})

    @property
    def best(self) -> Walker:
        """The walker of the highest fitness, of the first niche at a tie.

        Raises:
            LookupError: the archive is empty.
        """
        if len(self) == 0:
            raise LookupError("the archive is empty; wait for the first iteration of the search")
        return self[int(self.cells[self.fitness.argmax()])]

    def __getitem__(self, place: int | tuple[int, ...]) -> Walker:
        cell = self._cell(place)
        if not self.elites.occupied[cell]:
            near = int(self.cells[np.abs(self.cells - cell).argmin()]) if len(self) else None
            hint = "" if near is None else f", such as {near}"
            raise KeyError(f"niche {place} is empty; wanted one of {len(self)} in `.cells`{hint}")
        return self._source.walker(int(self.elites.elite[cell]), cell)

    def __iter__(self) -> Iterator[Walker]:
        return (self[cell] for cell in self.cells.tolist())

    def __len__(self) -> int:
        return int(self.elites.occupied.sum())

    def __repr__(self) -> str:
        numbers = self.metrics
        best = f", best {numbers.best:.1f} m" if len(self) else ""
        return f"<archive: {len(self):,} of {self.grid.cells:,} niches{best}>"

    def _repr_html_(self) -> str:
        return f"<p>{repr(self).strip('<>')}</p>{self.frame.to_html(max_rows=10, index=False)}"

    def _cell(self, place: int | tuple[int, ...]) -> int:
        if isinstance(place, tuple) and isinstance(self.grid, Grid):
            try:
                return int(np.ravel_multi_index(place, self.grid.bins))
            except ValueError:
                shape = " x ".join(map(str, self.grid.bins))
                raise KeyError(f"niche {place}: wanted bins within {shape}") from None
        if not isinstance(place, int | np.integer) or not 0 <= place < self.grid.cells:
            raise KeyError(f"niche {place}: wanted a number from 0 to {self.grid.cells - 1}")
        return int(place)
