"""One operator's search of a run: its archive and its history."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from elmjax.config import Config
from elmjax.notebook.jail import engine
from elmjax.notebook.niches import Niches
from elmjax.notebook.walker import Walker
from elmjax.qd import History
from elmjax.stages.rebuild import rebuilt


@dataclass(frozen=True, kw_only=True)
class Search:
    """What one operator found. Numbers are those of the moment when each was first asked for."""

    folder: Path  # of the stage
    operator: str
    config: Config  # of the run

    @cached_property
    def archive(self) -> Niches:
        """The best walker of every niche.

        Raises:
            HistoryError: the history is damaged; `elmjax verify` says where.
        """
        execute = engine(self.config.programs).run
        return Niches(rebuilt(self.config, self._history, execute), self)

    @cached_property
    def history(self) -> pd.DataFrame:
        """Every evaluated program by id: its lineage, its edit, and what became of it."""
        return self._history.frame()

    def walker(self, id: int, niche: int | None = None) -> Walker:
        """A program of the history by its id.

        Raises:
            IndexError: there is none.
        """
        record = self._history.record(id)
        return Walker(
            program=record.program,
            config=self.config,
            terrain=self.config.evolve.terrain,
            name=f"{self.operator} {id}" if niche is None else f"{self.operator} niche {niche}",
            record=record,
            niche=niche,
            family=self,
        )

    def lineage(self, id: int) -> list[Walker]:
        """A program and its ancestors, the seed first."""
        return [self.walker(ancestor) for ancestor in self._history.lineage(id)]

    @cached_property
    def _history(self) -> History:
        return History.open(self.folder / "history")

    def __repr__(self) -> str:
        return f"<search by {self.operator}: {len(self._history):,} programs>"
