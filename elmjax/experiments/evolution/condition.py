"""A run of stage 1 as an experiment measures it: the condition, and what it reached.

The run itself stays in RUN/runs/NAME, so that one that was stopped goes on and every program it
evaluated can be looked at.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elmjax import seeds
from elmjax.config import Config, Operator
from elmjax.experiments.results import Results, circumstances
from elmjax.lm.store import fingerprint
from elmjax.stages import operator_tuning
from elmjax.stages.evolve import evolve, stage_name
from elmjax.stages.operators import weights
from elmjax.stages.pipeline import open_run
from elmjax.stages.run import Run, model_folder
from elmjax.stages.tally import RATES

REACHED = ("niches", "coverage", "qd_score", "best", "mean", "evaluations_per_second", *RATES)
CURVE = ("evaluations", "seconds", "niches", "qd_score")
POINTS = 64  # of a curve at most

# What decides a run of stage 1, beside seed and operator; "operator" where that is fine-tuned.
_SECTIONS = ("seconds", "world", "terrain", "robust", "grid", "evolve")
_TOLD_ELSEWHERE = ("evolve.operators", "evolve.seed_programs", "evolve.iterations", "evolve.model")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One run.

    Attributes:
        line: What its results belong to, such as the operator; a line of tables and plots.
        column: What they stand under, such as where evolution starts.
        operator: One of `Evolve.operators`.
        seed_programs: Where evolution starts.
        repeat: From 0; every repeat has a seed of its own, the same for all lines.
        evaluations: At least so many; whole iterations are run.
        config: Everything else.
    """

    line: str
    column: str
    operator: Operator
    seed_programs: tuple[str, ...]
    repeat: int
    evaluations: int
    config: Config

    @property
    def resolved(self) -> Config:
        """The configuration of the run."""
        search = self.config.evolve
        batch = search.parents * search.children
        own = replace(
            search,
            operators=(self.operator,),
            seed_programs=self.seed_programs,
            iterations=-(-self.evaluations // batch),
        )
        start = "+".join(self.seed_programs)
        return replace(
            self.config,
            evolve=own,
            seed=seeds.derive(self.config.seed, f"evolution/{start}", self.repeat),
        )

    def describe(self) -> dict[str, Any]:
        """Everything that decides the outcome, as plain data."""
        return {
            "line": self.line,
            "column": self.column,
            "operator": self.operator,
            "seed_programs": list(self.seed_programs),
            "repeat": self.repeat,
            "evaluations": self.evaluations,
            "seed": self.config.seed,
            **self._model(),
            "settings": changed_settings(self.config),
        }

    def _model(self) -> dict[str, str]:
        if set(weights(self.config.evolve, self.operator)) == {"tree"}:
            return {}
        folder = model_folder(self.config.evolve.model)
        return {"model": folder.name, "weights": fingerprint(folder)}


def measure(results: Results, condition: Condition) -> dict[str, Any]:
    """What a condition reaches; run where it is not known.

    Returns:
        What `reached` tells of the run.
    """
    described = condition.describe()
    values = results.recall(described)
    if values is not None:
        return values
    start = " + ".join(condition.seed_programs)
    print(f"{condition.line} from {start}, repeat {condition.repeat + 1}")
    with open_run(folder_of(results, condition), condition.resolved) as run:
        with circumstances() as spent:
            if operator_tuning.is_tuned(condition.config):
                operator_tuning.evolve_tuned(run)
            evolve(run, condition.operator)
        return results.keep(described, {**reached(run, condition.operator), **spent})


def folder_of(results: Results, condition: Condition) -> Path:
    """Where a condition is run: a name that people can read and that no other condition has."""
    text = json.dumps(condition.describe(), sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    words = (condition.line, *condition.seed_programs, str(condition.repeat), digest)
    name = "-".join(re.sub(r"[^a-z0-9_]+", "_", word.lower()) for word in words)
    return results.folder / "runs" / name


def reached(run: Run, operator: str) -> dict[str, Any]:
    """What a finished run reached.

    Returns:
        `REACHED`, and `curve`: the columns `CURVE` at up to `POINTS` iterations. Seconds are those
        of the iterations before, fine-tuning left out.
    """
    summary, log = run.summary(stage_name(operator)), run.metrics.read(stage_name(operator))
    if summary is None:
        raise ValueError(f"{run.folder} holds no finished run of {operator!r}")
    rows = np.unique(np.linspace(0, len(log) - 1, POINTS).round().astype(int))
    columns: dict[str, pd.Series] = {name: log[name] for name in CURVE if name != "seconds"}
    columns["seconds"] = log["iteration_seconds"].cumsum().round(3)
    curve = {name: columns[name].iloc[rows].tolist() for name in CURVE}
    return {**{name: summary[name] for name in REACHED}, "curve": curve}


def changed_settings(config: Config, more: Sequence[str] = ()) -> dict[str, Any]:
    """Settings that decide a run and are not those of `Config()`, by dotted name.

    Args:
        config: Of the run.
        more: Sections that count beside those of stage 1.
    """
    own, usual = dict(_flat(dataclasses.asdict(config))), dict(_flat(dataclasses.asdict(Config())))
    sections = {*_SECTIONS, *more, *(["operator"] if operator_tuning.is_tuned(config) else [])}
    return {
        name: value
        for name, value in own.items()
        if name.split(".")[0] in sections
        and name not in _TOLD_ELSEWHERE
        and usual.get(name) != value
    }


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
