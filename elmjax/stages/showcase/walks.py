"""Bodies and walks of a run's programs, ready for the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elmjax.programs import Engine
from elmjax.report.page import pack_track
from elmjax.report.projection import in_picture
from elmjax.stages.run import Run
from physics.body import Body
from physics.polylines import Polylines
from physics.simulate import trajectory
from physics.terrain import build

FRAMES_PER_SECOND = 15  # the page draws what lies between


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where walkers walk: a run's world, some terrains, and what runs programs."""

    run: Run
    terrains: Mapping[str, Polylines]
    pool: Engine

    def bodies(self, programs: Sequence[str]) -> list[Body | None]:
        """What programs build; None for one that builds nothing."""
        return [execution.body for execution in self.pool.run(programs)]

    def distances(self, programs: Sequence[str]) -> dict[str, list[float]]:
        """How far programs walk on every terrain, m; NaN where one does not."""
        evaluator = self.run.evaluator(self.pool, self.terrains)
        return {
            name: [evaluation.fitness for evaluation in evaluator.evaluate(programs, name)]
            for name in self.terrains
        }

    def track(self, body: Body, terrain: str) -> dict[str, Any] | None:
        """Where the joints are over time; None where the walk leaves the numbers or the page."""
        config = self.run.config
        rate = frame_rate(config.world.substeps_per_second)
        positions = trajectory(
            body,
            build(self.terrains[terrain]),
            world=config.world,
            seconds=config.seconds,
            backend=config.physics.backend,
            frames_per_second=rate,
        )
        if not np.isfinite(positions).all():
            return None
        return {**pack_track(in_picture(positions)), "rate": rate}


def frame_rate(substeps_per_second: int) -> int:
    """The largest number of frames a second, up to 15, that falls on whole time steps."""
    rates = range(FRAMES_PER_SECOND, 0, -1)
    return next(rate for rate in rates if substeps_per_second % rate == 0)
