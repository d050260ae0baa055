"""`elmjax run`: every stage on what the one before it produced, then pictures and a table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from elmjax.config import Config, ConfigError, Evolve
from elmjax.dist import hosts
from elmjax.report.table import closing_table, closing_text
from elmjax.report.throughput import throughput_text
from elmjax.stages import operator_tuning, pictures
from elmjax.stages.adapted import check_adapters
from elmjax.stages.admission import Found
from elmjax.stages.conditional import check_batch, check_columns, conditional
from elmjax.stages.encoders import check_encoder
from elmjax.stages.endpoints import check_endpoint, is_asked
from elmjax.stages.evolve import evolve, open_found
from elmjax.stages.finetune import LOSSES, STAGE, finetune
from elmjax.stages.fused import check_loop
from elmjax.stages.histories import find_sources
from elmjax.stages.inventor import check_unseen
from elmjax.stages.niches import make_grid
from elmjax.stages.operators import check_operators, weights
from elmjax.stages.run import Run, check_terrains, model_folder, open_mesh, open_physics
from elmjax.stages.seeding import seed_programs


def run_all(folder: Path, config: Config) -> dict[str, Any]:
    """Runs or resumes the three stages.

    Returns:
        The summaries by stage, as in the closing table.
    """
    with open_run(folder, config) as run:
        if config.metrics.progress != "quiet":
            Console().print(f"Walks on {open_physics(config).name}", highlight=False)
        summary = _run_stages(run)
        metrics = run.metrics.read()
    closing = closing_text(_quantities(summary)) + throughput_text(metrics)
    hosts.once(lambda: (folder / "summary.txt").write_text(closing, encoding="utf-8"))
    show(summary, metrics)
    Console().print(
        f"Everything is in {folder}, pictures in {folder / 'pictures'}", highlight=False
    )
    return summary


def _run_stages(run: Run) -> dict[str, Any]:
    summary = stage_1(run)
    found: dict[str, Found] = {
        operator: open_found(run, operator) for operator in run.config.evolve.operators
    }
    hosts.once(lambda: pictures.of_evolution(run, found))
    summary["finetune"] = finetune(run)
    hosts.once(lambda: pictures.of_training(run, STAGE, "Stage 2: language model"))
    summary["conditional"] = conditional(run)
    hosts.once(lambda: pictures.of_rewards(run))
    return summary


def stage_1(run: Run) -> dict[str, Any]:
    """Runs or resumes evolution with every operator, `diff` fine-tuned where that is configured."""
    summary: dict[str, Any] = {"evolve": {}}
    for operator in run.config.evolve.operators:
        if operator == operator_tuning.OPERATOR and operator_tuning.is_tuned(run.config):
            summary[operator_tuning.STAGE] = operator_tuning.evolve_tuned(run)
        summary["evolve"][operator] = evolve(run, operator)
    return summary


def open_run(folder: Path, config: Config) -> Run:
    """Opens a run after checking all that its stages will need, so that none fails late.

    Raises:
        ConfigError: for a terrain, physics backend, seed program or model that is not there, or a
            folder that holds something else. Nothing has been written then.
    """
    open_mesh(config)  # before anything else is asked of JAX
    check(config)
    open_physics(config)
    check_loop(config)
    return Run.open(folder, config)


def check(config: Config) -> None:
    """Checks all that the stages of a configuration will need, but for devices and physics.

    Raises:
        ConfigError: for a terrain, seed program or model that is not there, or what does not go
            together.
    """
    stage_3 = (*config.conditional.terrains, *config.conditional.unseen)
    check_terrains(config, [config.evolve.terrain, *stage_3])
    seed_programs(config.evolve)
    make_grid(config)
    check_operators(config.evolve)
    check_endpoint(config.evolve, _writers(config.evolve))
    if not is_asked(config.evolve):
        model_folder(config.evolve.model)
    operator_tuning.check(config)
    find_sources([Path(name) for name in config.finetune.runs], config.finetune.operators)
    if config.finetune.init != "random":
        model_folder(config.finetune.init)
    elif is_asked(config.evolve):
        raise ConfigError(
            "finetune.init: got 'random' with an endpoint, which gives no tokenizer; wanted a model"
        )
    check_adapters(config)
    check_batch(config.conditional)
    check_columns(config.conditional)
    check_unseen(config.conditional)
    check_encoder(config.conditional)


def _writers(config: Evolve) -> set[str]:
    """All that make children, behind whatever names."""
    return {name for operator in config.operators for name in weights(config, operator)}


def show(summary: Mapping[str, Any], metrics: pd.DataFrame) -> None:
    """Prints the closing table of some stages, and what the run's stages got through."""
    console = Console()
    if console.is_terminal:
        console.print(closing_table(_quantities(summary)))
    else:
        print(closing_text(_quantities(summary)), end="")
    print(throughput_text(metrics), end="")


def _quantities(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The summary without what is not for a table."""
    evolved = {
        operator: _without(values, "best_id")
        for operator, values in summary.get("evolve", {}).items()
    }
    learned = _without(summary.get(STAGE, {}), *(f"best_{name}" for name in LOSSES))
    tuned = _without(summary.get(operator_tuning.STAGE, {}), "rounds", "updates")
    return {**summary, "evolve": evolved, operator_tuning.STAGE: tuned, STAGE: learned}


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
