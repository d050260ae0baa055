"""`elmjax experiment operator`: what fine-tuning on accepted diffs brings (section 5.1).

From every seed program: the base model; the model fine-tuned on the diffs that run got accepted;
syntax-tree mutation; the tuned model and syntax-tree mutation half and half, all at equal
evaluations; and syntax-tree mutation with twice as many, which is what the tuned model has cost
with its tuning run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elmjax.config import Config, Operator, OperatorTuning
from elmjax.experiments.evolution import study
from elmjax.experiments.evolution.condition import Condition, folder_of, measure, reached
from elmjax.experiments.evolution.seeds import QUANTITIES, published
from elmjax.experiments.evolution.tables import Quantity, hundredths, table
from elmjax.experiments.results import Results
from elmjax.report import Interval, mean_interval
from elmjax.stages import operator_tuning
from elmjax.stages.run import Run

BASE, TUNED, TREE, TREE_TWICE, MIXED = (
    "base model",
    "fine-tuned model",
    "tree",
    "tree, twice the evaluations",
    "fine-tuned model and tree",
)


class Ratio(NamedTuple):
    """Two lines whose QD scores are compared, repeat by repeat."""

    title: str
    of: str
    to: str
    at_equal_seconds: bool = False


TO_BASE = "fine-tuned / base, equal evaluations"
RATIOS = (
    Ratio(TO_BASE, TUNED, BASE),
    Ratio("fine-tuned / tree, equal evaluations", TUNED, TREE),
    Ratio("fine-tuned and tree / tree, equal evaluations", MIXED, TREE),
    Ratio("fine-tuned / tree, the tuning run counted", TUNED, TREE_TWICE),
    Ratio("fine-tuned / tree, equal seconds", TUNED, TREE_TWICE, at_equal_seconds=True),
    Ratio("fine-tuned and tree / tree, equal seconds", MIXED, TREE_TWICE, at_equal_seconds=True),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run.

    Attributes:
        seed_programs: Every line runs from each.
        evaluations: Of a run.
        repeats: Of every run, each with a seed of its own.
    """

    seed_programs: tuple[str, ...]
    evaluations: int
    repeats: int

    def conditions(self, config: Config) -> dict[tuple[int, str], dict[str, Condition]]:
        """The lines by name, of every repeat and seed program; that of both lacks its model."""
        tuning = config.operator
        if not operator_tuning.is_tuned(config):
            tuning = replace(tuning, rounds=1)
        plain = replace(config, operator=OperatorTuning())
        kinds: tuple[tuple[str, Operator, int, Config], ...] = (
            (BASE, "diff", 1, plain),
            (TUNED, "diff", 1, replace(config, operator=tuning)),
            (TREE, "tree", 1, plain),
            (TREE_TWICE, "tree", 2, plain),
            (MIXED, "mixed", 1, plain),
        )
        return {
            (repeat, seed): {
                line: Condition(
                    line=line,
                    column=seed,
                    operator=operator,
                    seed_programs=(seed,),
                    repeat=repeat,
                    evaluations=times * self.evaluations,
                    config=own,
                )
                for line, operator, times, own in kinds
            }
            for repeat in range(self.repeats)
            for seed in self.seed_programs
        }


def study_operator(folder: Path, plan: Plan, config: Config) -> None:
    """Measures what is not measured yet, and writes tables and plot.

    Args:
        folder: Written or continued.
        plan: What to run.
        config: Everything else, and the seed.

    Raises:
        ConfigError: There is no such model or program, or the folder holds something else.
    """
    results = Results.open(folder, "operator")
    planned = plan.conditions(config)
    study.announce(
        results, [_announced(each) for lines in planned.values() for each in lines.values()]
    )
    measured = [pair for lines in planned.values() for pair in _measure(results, lines)]
    results.write()
    remark = (
        "Ratios: mean over repeats, 95 % interval, of QD scores of runs with the same seed. At "
        "equal seconds: against what `tree` had reached after the time of the other run, tuning "
        "not counted; where that took longer than twice the evaluations, against all of these."
    )
    head = _ratios(measured, plan.seed_programs)
    study.write(folder, measured, QUANTITIES, published, remark=remark, head=head)


def _announced(condition: Condition) -> dict[str, Any]:
    """A condition before its model is known."""
    described = condition.describe()
    if condition.line == MIXED:
        described |= {"model": f"the {TUNED}", "weights": None}
    return described


def _measure(results: Results, lines: Mapping[str, Condition]) -> study.Measured:
    """All lines of one seed program and repeat."""
    tuned = lines[TUNED]
    of_tuned = measure(results, tuned)
    with Run.open(folder_of(results, tuned), tuned.resolved) as run:
        writer = operator_tuning.newest_model(run)
    mixed = replace(lines[MIXED], config=_written_by(lines[MIXED].config, writer))
    return [
        (lines[BASE], _base(results, lines[BASE], tuned)),
        (tuned, of_tuned),
        *((lines[line], measure(results, lines[line])) for line in (TREE, TREE_TWICE)),
        (mixed, measure(results, mixed)),
    ]


def _base(results: Results, base: Condition, tuned: Condition) -> dict[str, Any]:
    """What the base model reached in the run that its tuned form learned from or is compared to."""
    values = results.recall(base.describe())
    if values is None:
        folder = folder_of(results, tuned) / operator_tuning.STAGE / "base"
        with Run.open(folder, base.resolved) as run:
            values = results.keep(base.describe(), reached(run, base.operator))
    return values


def _written_by(config: Config, model: str) -> Config:
    return replace(config, evolve=replace(config.evolve, model=model))


def _ratios(measured: study.Measured, columns: Sequence[str]) -> str:
    lines: dict[str, Mapping[str, Interval | float]] = {}
    for ratio in RATIOS:
        lines[ratio.title] = _intervals(measured, ratio)
        if ratio.title == TO_BASE:
            lines["the same in the paper"] = operator_tuning.PAPER_QD_RATIO
    quantity = Quantity(name="ratio", title="QD score, ratios", write=hundredths)
    return table(quantity, columns, lines)


def _intervals(measured: study.Measured, ratio: Ratio) -> dict[str, Interval]:
    values = {(each.line, each.column, each.repeat): found for each, found in measured}
    ratios: dict[str, list[float]] = {}
    for (line, column, repeat), found in values.items():
        if line == ratio.of:
            other = values[ratio.to, column, repeat]
            ratios.setdefault(column, []).append(_score(found) / _rival(found, other, ratio))
    return {column: mean_interval(each) for column, each in ratios.items()}


def _score(values: Mapping[str, Any]) -> float:
    return float(values["qd_score"])


def _rival(values: Mapping[str, Any], other: Mapping[str, Any], ratio: Ratio) -> float:
    if not ratio.at_equal_seconds:
        return _score(other)
    curve = other["curve"]
    return float(np.interp(values["curve"]["seconds"][-1], curve["seconds"], curve["qd_score"]))
