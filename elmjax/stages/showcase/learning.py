"""Trainings of a run for the page: losses over steps, and what stage 2 reached."""

from typing import Any

import numpy as np

from elmjax.stages.run import Run

POINTS = 200  # of a curve at most
TRAININGS = {"pretrain": "Diff model", "finetune": "Stage 2"}
LOSSES = ("loss", "test_loss")


def collect(run: Run) -> list[dict[str, Any]]:
    """Every finished training: `name`, `curves` by step, and the `summary` as it was written."""
    return [
        {"name": title, "curves": _curves(run, stage), "summary": summary}
        for stage, title in TRAININGS.items()
        if (summary := run.summary(stage)) is not None
    ]


def _curves(run: Run, stage: str) -> dict[str, list[float | None]]:
    log = run.metrics.read(stage)
    log = log[log["loss"].notna()] if "loss" in log else log
    rows = np.unique(np.linspace(0, len(log) - 1, POINTS).round().astype(int))
    return {name: log[name].iloc[rows].tolist() for name in ("step", *LOSSES) if name in log}
