"""`elmjax sample`: walkers that a finished stage 3 writes for a terrain."""

from typing import Any

import numpy as np

from elmjax.config import ConfigError
from elmjax.stages import conditional
from elmjax.stages.inventor import make_inventor, pay, roll_out
from elmjax.stages.run import Run
from elmjax.stages.samples import Sample


def invent(run: Run, terrain: str, count: int, seed: int) -> list[Sample]:
    """Writes walkers for a terrain and runs them on it, the farthest first.

    Args:
        run: Whose stage 3 is finished.
        terrain: One that it was trained on, or an unseen one that it was tried on.
        count: Of walkers.
        seed: Of the draws.

    Raises:
        ConfigError: Stage 3 is not finished, or has not heard of the terrain.
    """
    config = run.config.conditional
    names = (*config.terrains, *config.unseen)
    if terrain not in names:
        raise ConfigError(
            f"--terrain: got {terrain!r}, wanted one that stage 3 of {run.folder} knows: "
            f"{', '.join(names)}"
        )
    with run.pool() as pool:
        inventor = make_inventor(run, run.evaluator(pool, names))
        params = conditional.load_policy(run, inventor)
        index = np.array([names.index(terrain)], np.int32)
        _, written = roll_out(inventor, params, index, count, seed)
        samples = pay(inventor, written, [terrain] * count)
    return sorted(samples, key=lambda sample: -sample.reward(config.invalid_reward))


def tell(sample: Sample) -> dict[str, Any]:
    """A sample as plain data: what it is, how far it walks [m] and what it measures."""
    evaluation = sample.evaluation
    measures = {
        name: None if not np.isfinite(measure) else float(measure)
        for name, measure in zip(evaluation.names, evaluation.measures, strict=True)
    }
    return {
        "outcome": str(evaluation.verdict),
        "reason": evaluation.reason,
        "distance": evaluation.fitness if sample.is_valid else None,
        **measures,
        "program": sample.program,
    }
