"""Whether a run holds what it says: history, archive, checkpoints, and what its programs do.

Looks only; a run may be looked at while it goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from elmjax.checkpoint import Checkpoints
from elmjax.config import ConfigError
from elmjax.evaluate import MEASURES, SPATIAL_MEASURES, Evaluation, Evaluator
from elmjax.programs import Verdict
from elmjax.qd import Archive, History, HistoryError, Record, archive_metrics
from elmjax.stages.evolve import STAGE_PREFIX
from elmjax.stages.niches import make_archive
from elmjax.stages.replay import columns, offer_again
from elmjax.stages.run import Run

AT_ONCE = 1024  # elites that are evaluated in a batch, which bounds memory


@dataclass(frozen=True)
class Checked:
    """What was looked at, and what did not hold, a line each."""

    searches: int
    programs: int
    elites: int
    checkpoints: int
    differences: list[str]


@dataclass(frozen=True)
class _Search:
    """One archive of a run, or of a run within it."""

    run: Run
    stage: str
    name: str  # path below the folder that is verified

    @property
    def folder(self) -> Path:
        return self.run.folder / self.stage


def verify(folder: Path) -> Checked:
    """Reads a run, offers its history to an empty archive, and evaluates every elite again.

    Raises:
        ConfigError: the folder holds no run, or no search.
    """
    Run.read(folder)
    searches = list(_searches(folder))
    if not searches:
        raise ConfigError(f"RUN: {folder} has no stage 1 yet, wanted one; run elmjax evolve first")
    differences: list[str] = []
    programs = elites = 0
    for search in searches:
        of_search = _Verifier(search)
        differences += of_search.differences()
        programs, elites = programs + of_search.programs, elites + of_search.elites
    stored = sorted(folder.rglob("checkpoints"))
    for place in stored:
        differences += [f"{place.relative_to(folder)}: {wrong}" for wrong in _unreadable(place)]
    return Checked(len(searches), programs, elites, len(stored), differences)


def _searches(folder: Path) -> Iterator[_Search]:
    for path in sorted(folder.rglob("history")):
        stage = path.parent
        if stage.name.startswith(STAGE_PREFIX) and (stage.parent / "config.toml").is_file():
            yield _Search(Run.read(stage.parent), stage.name, str(stage.relative_to(folder)))


def _unreadable(folder: Path) -> list[str]:
    with Checkpoints(folder, read_only=True) as checkpoints:
        return checkpoints.damages()


class _Verifier:
    """Checks one search, and counts what it looked at."""

    def __init__(self, search: _Search) -> None:
        self._search = search
        self._run = search.run
        self._archive = make_archive(search.run.config)
        self.programs = self.elites = 0

    def differences(self) -> list[str]:
        """What does not hold, a line each; nothing beyond a history that cannot be read."""
        try:
            history = History.open(self._search.folder / "history")
            rows = history.frame()
        except HistoryError as error:
            return [f"{self._search.name}: {error}"]
        self.programs = len(history)
        with self._run.pool(self._run.config.evolve.max_characters) as pool:
            evaluator = self._run.evaluator(pool, [self._run.config.evolve.terrain])
            found = [*self._against_history(rows, evaluator), *self._of_elites(history, evaluator)]
        found += [*self._against_summary(), *self._of_metrics()]
        return [f"{self._search.name}: {wrong}" for wrong in found]

    def _against_history(self, rows: pd.DataFrame, evaluator: Evaluator) -> Iterator[str]:
        """Fills the archive from the history, and compares it with the checkpoint on the way."""
        config = self._run.config
        batch, seeds = (
            config.evolve.parents * config.evolve.children,
            len(config.evolve.seed_programs),
        )
        stored = self._stored()
        ends = [*range(seeds, len(rows) + 1, batch)] if len(rows) >= seeds else []
        start = 0
        for end in ends:
            try:
                offered = rows.iloc[start:end][columns(config)]
                offer_again(config, self._archive, offered, evaluator.execute)
            except (HistoryError, ValueError) as error:
                yield f"history: {error}"
            start = end
            if stored is not None and stored[0] == end:
                yield from _unlike(self._archive, stored[1])
        if stored is not None and stored[0] not in ends:
            yield f"the newest checkpoint follows {stored[0]} programs, which end no iteration"

    def _stored(self) -> tuple[int, Archive] | None:
        """Programs before the newest checkpoint that can be read, and its archive."""
        folder = self._search.folder / "checkpoints"
        if not folder.is_dir():
            return None
        with Checkpoints(folder, read_only=True) as checkpoints:
            try:
                restored = checkpoints.restore(self._archive.state())
            except FileNotFoundError:
                return None
        return restored.notes["rows"], self._archive.restored(restored.state)

    def _of_elites(self, history: History, evaluator: Evaluator) -> Iterator[str]:
        """Runs every elite in a worker of its own and lets it walk."""
        ids = self._archive.elite[self._archive.occupied].tolist()
        self.elites = len(ids)
        for start in range(0, len(ids), AT_ONCE):
            records = [history.record(id) for id in ids[start : start + AT_ONCE]]
            programs = [record.program for record in records]
            terrain = self._run.config.evolve.terrain
            evaluations = evaluator.evaluate(programs, terrain)
            confirmed = evaluator.confirm(programs, evaluations)
            for record, evaluation in zip(records, confirmed, strict=True):
                yield from _unlike_record(record, evaluation)

    def _against_summary(self) -> Iterator[str]:
        summary = self._run.summary(self._search.stage)
        if summary is None:
            return
        metrics = archive_metrics(self._archive)
        for name in ("niches", "qd_score", "best"):
            if (now := getattr(metrics, name)) != summary[name]:
                yield f"summary.json: {name} is {summary[name]}, the history gives {now}"
        if summary["evaluations"] != self.programs:
            said = summary["evaluations"]
            yield f"summary.json: evaluations is {said}, the history holds {self.programs}"

    def _of_metrics(self) -> Iterator[str]:
        steps = self._run.metrics.read(self._search.stage)["step"].tolist()
        if steps != list(range(len(steps))):
            yield f"metrics.jsonl: its steps are not 0 to {len(steps) - 1}, each once"


def _unlike(archive: Archive, stored: Archive) -> Iterator[str]:
    mine, theirs = archive.state(), stored.state()
    for name, array in mine.items():
        same = np.array_equal(array, theirs[name], equal_nan=array.dtype.kind == "f")
        if not same:
            yield f"checkpoint: {name} is not what the history gives"


def _unlike_record(record: Record, evaluation: Evaluation) -> Iterator[str]:
    """How what a program does now differs from what the history says."""
    if evaluation.verdict is not Verdict.OK:
        yield f"program {record.id}: was ok, is {evaluation.verdict} ({evaluation.reason})"
        return
    for name in ("fitness", "displacement"):
        was, now = getattr(record, name), getattr(evaluation, name)
        if was != now:
            yield f"program {record.id}: {name} was {was!r} m, is {now!r} m"
    body = evaluation.body
    for name in SPATIAL_MEASURES if body is not None and body.dim == 3 else MEASURES:
        was, now = getattr(record, name), float(getattr(body, name))
        if was != now:
            yield f"program {record.id}: {name} was {was!r}, is {now!r}"
