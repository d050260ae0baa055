"""A run's folder, opened to look at."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elmjax.config import Config, ConfigError
from elmjax.notebook.ground import Place, judge_on, name_of
from elmjax.notebook.niches import Niches
from elmjax.notebook.search import Search
from elmjax.notebook.walker import Walker
from elmjax.stages import conditional
from elmjax.stages.evolve import stage_name
from elmjax.stages.run import Run


@dataclass(frozen=True, kw_only=True)
class FoundRun:
    """What a run found until now.

    `archive` and `history` are those of its first operator; `searches` holds those of all.
    """

    folder: Path
    config: Config

    @cached_property
    def searches(self) -> dict[str, Search]:
        """Searches of stage 1 by operator, finished or not, in the order of the configuration."""
        return {
            operator: Search(
                folder=self.folder / stage_name(operator), operator=operator, config=self.config
            )
            for operator in self.config.evolve.operators
            if any((self.folder / stage_name(operator) / "history").glob("part-*.parquet"))
        }

    @property
    def archive(self) -> Niches:
        """Niches of the first operator's search, with measures, fitness and walkers."""
        return self._first.archive

    @property
    def history(self) -> pd.DataFrame:
        """Every program that the first operator's search evaluated, a row each."""
        return self._first.history

    @property
    def metrics(self) -> pd.DataFrame:
        """The metrics log: a row for each step of each stage."""
        return Run.read(self.folder).metrics.read()

    @property
    def summaries(self) -> dict[str, dict[str, Any]]:
        """What the finished stages reached, by name."""
        run = Run.read(self.folder)
        stages = [path.parent.name for path in sorted(self.folder.glob("*/summary.json"))]
        return {stage: summary for stage in stages if (summary := run.summary(stage)) is not None}

    @property
    def inventions(self) -> pd.DataFrame:
        """What stage 3 wrote before and after training: terrain, program, outcome, reward in m.

        Raises:
            LookupError: stage 3 is not finished.
        """
        path = self.folder / conditional.STAGE / "samples.parquet"
        if not path.is_file():
            raise LookupError(f"{self.folder}: stage 3 is not finished; run elmjax conditional")
        return pd.read_parquet(path)

    def best(self, terrain: Place | None = None) -> Walker:
        """The walker that gets farthest on a terrain: of all elites and what stage 3 wrote for it.

        Args:
            terrain: Name, JSON file, or `elmjax.terrain(...)`; None: where stage 1 took place.

        Raises:
            ConfigError: there is no such terrain.
            LookupError: the run holds no walker yet.
        """
        place = self.config.evolve.terrain if terrain is None else terrain
        candidates = [
            walker for search in self.searches.values() for walker in search.archive
        ] + self._written_for(name_of(place))
        if not candidates:
            raise LookupError(f"{self.folder}: holds no walker yet; run elmjax evolve")
        judge, name = judge_on(self.config, place)
        evaluations = judge.evaluate([walker.program for walker in candidates], name)
        fitness = np.array([evaluation.fitness for evaluation in evaluations])
        if np.isnan(fitness).all():
            raise LookupError(f"no walker of {self.folder} can stand on {name}")
        return candidates[int(np.nanargmax(fitness))].on(place)

    def _written_for(self, terrain: str) -> list[Walker]:
        try:
            written = self.inventions
        except LookupError:
            return []
        chosen = written[(written["terrain"] == terrain) & (written["outcome"] == "ok")]
        return [
            Walker(
                program=program,
                config=self.config,
                terrain=terrain,
                name=f"written for {terrain}",
            )
            for program in dict.fromkeys(chosen["program"])
        ]

    @property
    def _first(self) -> Search:
        if not self.searches:
            raise LookupError(f"{self.folder}: stage 1 has no program yet; run elmjax evolve")
        return next(iter(self.searches.values()))

    def __repr__(self) -> str:
        searches = ", ".join(f"{name} {search.archive!r}" for name, search in self.searches.items())
        return f"<run {self.folder}: {searches or 'no search yet'}>"


def load(folder: str | Path) -> FoundRun:
    """Opens the folder of a run to look at it; the run may still be going on.

    Raises:
        ConfigError: the folder holds no run; the message names the nearest that do.
    """
    place = Path(folder).expanduser()
    if place.is_file():
        raise ConfigError(f"load: {place} is a file, wanted the folder of a run")
    return FoundRun(folder=place, config=Run.read(place).config)
