"""`elmjax experiment stage3`: conditional inventors, beside the paper's figures 18 and 19.

RUN/base/          stages 1 and 2, which all conditions start from, unless a run is given
RUN/plan.json      the conditions, written before the first of them is run
RUN/results.json   what was measured, by condition
RUN/runs/          a run of stage 3 for each condition
RUN/table.md       means over repeats with 95 % intervals, beside what was published
RUN/rewards.png    the bars of figures 18 and 19
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from elmjax.config import Config
from elmjax.experiments.evolution.study import announce
from elmjax.experiments.results import Results, circumstances
from elmjax.experiments.stage3 import summary
from elmjax.experiments.stage3.plan import Condition, Plan
from elmjax.stages import conditional, finetune, pipeline
from elmjax.stages.encoders import check_encoder


def study_stage3(folder: Path, plan: Plan, config: Config, base: Path | None = None) -> None:
    """Measures what is not measured yet, and writes table and plot.

    Args:
        folder: Written or continued.
        plan: What to train.
        config: Everything else, and the seed.
        base: A run whose stage 2 is finished; None: the experiment runs stages 1 and 2 itself.

    Raises:
        ConfigError: The base has no finished stage 2, or the folder holds something else.
    """
    own = folder / "base"
    conditions = plan.conditions(base or own, config)
    for condition in conditions:
        check_encoder(condition.resolved.conditional)
    results = Results.open(folder, "stage3")
    if base is None:
        # Conditions choose the encoder; the base's own, which may be another, reads no weights.
        shared = replace(config, conditional=replace(config.conditional, encoder_weights=""))
        with pipeline.open_run(own, shared) as run:
            pipeline.stage_1(run)
            finetune.finetune(run)
    announce(results, [condition.describe() for condition in conditions])
    measured = [(condition, _measure(results, condition)) for condition in conditions]
    results.write()
    summary.write(folder, measured)


def _measure(results: Results, condition: Condition) -> dict[str, Any]:
    """What a condition reaches; run where it is not known."""
    described = condition.describe()
    if (values := results.recall(described)) is not None:
        return values
    print(f"{condition.distribution}, {condition.encoder}, repeat {condition.repeat + 1}")
    with pipeline.open_run(results.folder / "runs" / condition.name, condition.resolved) as run:
        with circumstances() as spent:
            reached = conditional.conditional(run)
        log = run.metrics.read(conditional.STAGE)
        last = {name: float(log[name].iloc[-1]) for name in ("unique", "valid", "entropy")}
        return results.keep(described, {"terrains": reached, **last, **spent})
