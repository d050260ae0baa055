"""Stage 3 for the page: rewards over time, and for each terrain the best walker written for it."""

from typing import Any

import pandas as pd

from elmjax.report.page import outline, pack
from elmjax.stages import conditional
from elmjax.stages.showcase.walks import Stage

POINTS = 200  # of a curve at most


def collect(stage: Stage) -> dict[str, Any] | None:
    """None where stage 3 is not finished.

    Returns:
        `summary` by terrain; `curves`, mean reward by terrain with its interval; `champions` by
        terrain: packed `walk` with program, body, track and distances on every terrain.
    """
    run = stage.run
    summary = run.summary(conditional.STAGE)
    if summary is None:
        return None
    samples = pd.read_parquet(run.folder / conditional.STAGE / "samples.parquet")
    terrains = [name for name in run.config.conditional.terrains if name in set(samples["terrain"])]
    log = run.metrics.read(conditional.STAGE)
    rewards = {name: f"reward_{name}" for name in terrains if f"reward_{name}" in log}
    return {
        "terrains": terrains,
        "summary": {name: summary[name] for name in terrains if name in summary},
        "curves": {
            "step": log["step"].tolist(),
            **{name: log[column].tolist() for name, column in rewards.items()},
        },
        "champions": _champions(stage, samples, terrains),
    }


def _champions(stage: Stage, samples: pd.DataFrame, terrains: list[str]) -> dict[str, Any]:
    """The best sample of the trained model on each terrain."""
    after = samples[(samples["time"] == "after") & (samples["outcome"] == "ok")]
    best = after.sort_values("reward").groupby("terrain").tail(1)
    found = dict(
        zip(best["terrain"], zip(best["program"], best["reward"], strict=True), strict=True)
    )
    names = [name for name in terrains if name in found]
    programs = [found[name][0] for name in names]
    distances, bodies = stage.distances(programs), stage.bodies(programs)
    return {
        name: {
            "reward": float(found[name][1]),
            "walk": pack(
                {
                    "program": program,
                    "body": outline(body),
                    "track": stage.track(body, name),
                    "distances": {
                        place: round(fitness[row], 2) if fitness[row] == fitness[row] else None
                        for place, fitness in distances.items()
                    },
                }
            ),
        }
        for row, (name, program, body) in enumerate(zip(names, programs, bodies, strict=True))
        if body is not None
    }
