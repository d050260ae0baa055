"""The muscles' clock, computed on the host: kernels know no trigonometry."""

import numpy as np

from physics.world import World


def muscle_clock(world: World, steps: np.ndarray) -> np.ndarray:
    """Cosine and sine of the muscles' angle at some steps, [2, steps] float32."""
    angle = world.muscle_rate * world.time_step * steps.astype(np.float64)
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
