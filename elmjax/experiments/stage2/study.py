"""`elmjax experiment stage2`: who learns what programs how well, beside the paper's numbers.

RUN/plan.json      the conditions, written before the first of them is run
RUN/results.json   what was measured, by condition
RUN/runs/          the runs of stage 1 and the models
RUN/table.md       means with 95 % intervals, beside what was published
RUN/loss.png       figure 12; samples.png: figure 13; completion.png: figure 15;
RUN/properties.png appendix H
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from elmjax.config import Band, Config, ConfigError, Operator
from elmjax.experiments.evolution.condition import Condition as Evolution
from elmjax.experiments.evolution.study import announce
from elmjax.experiments.results import Results
from elmjax.experiments.stage2 import sources, summary
from elmjax.experiments.stage2.measure import measure
from elmjax.experiments.stage2.plan import Plan, Programs
from elmjax.experiments.stage2.probes import middle_band
from elmjax.stages import programs as collections


@dataclass(frozen=True, kw_only=True)
class Evolutions:
    """Runs of stage 1, where none are given.

    Attributes:
        operator: One of `Evolve.operators`.
        evaluations: Of a run.
        runs: From each seed program; the paper has three.
    """

    operator: Operator
    evaluations: int
    runs: int


def study_stage2(
    folder: Path,
    plan: Plan,
    config: Config,
    histories: Sequence[Path] = (),
    evolutions: Evolutions | None = None,
) -> None:
    """Measures what is not measured yet, and writes tables and plots.

    Args:
        folder: Written or continued.
        plan: What to learn and ask.
        config: Everything else, and the seed.
        histories: Runs whose programs are learned.
        evolutions: What to run for them where `histories` is empty.

    Raises:
        ConfigError: There is no such model or run, or the folder holds something else.
    """
    runs = list[Evolution]()
    if histories:
        programs = sources.given(histories, config)
    elif evolutions is not None:
        runs = sources.evolutions(
            evolutions.operator,
            evolutions.evaluations,
            evolutions.runs,
            config,
            with_unseen=plan.with_properties,
        )
        programs = sources.announced(runs)
    else:
        raise ConfigError("--histories: got none, wanted runs to learn from")
    planned = plan.conditions(programs, config, Band())
    described = [each.describe() for each in runs] + [each.describe() for each in planned]
    results = Results.open(folder, "stage2")
    announce(results, described)
    if runs:
        programs = sources.evolve(results, runs)
    band = _band(plan, programs, config)
    conditions = plan.conditions(programs, config, band)
    measured = [(condition, measure(results, condition)) for condition in conditions]
    results.write()
    summary.write(folder, measured)


def _band(plan: Plan, programs: Programs, config: Config) -> Band:
    """What is kept from the models that learn comments: the middle of what there is to learn."""
    if not plan.with_properties:
        return Band()
    rules = replace(config.finetune, threshold=plan.thresholds[-1])
    collection = collections.collect(replace(config, finetune=rules), programs.folders)
    return middle_band(collection.sources[0].config, collection.dataset.train)
