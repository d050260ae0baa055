"""The price of leaving the stage 2 model: fixed, or adapted to hold a distance.

The controller is that of Ziegler et al. 2019 (https://arxiv.org/abs/1909.08593, section 2.2):
e = clip(KL / target - 1, -0.2, 0.2), coefficient <- coefficient (1 + e programs / horizon).
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from elmjax.rl.config import PPOConfig

LARGEST_ERROR = 0.2


def adapt(config: PPOConfig, coefficient: Array, divergence: Array, programs: int) -> Array:
    """The coefficient after a batch; unchanged where none is held or the batch is not finite.

    Args:
        config: Target and horizon.
        coefficient: [] float32, that the batch paid.
        divergence: [] nats per program, mean over the batch.
        programs: In the batch.
    """
    if config.kl_target is None:
        return coefficient
    error = jnp.clip(divergence / config.kl_target - 1.0, -LARGEST_ERROR, LARGEST_ERROR)
    # Each batch counts as the horizon at most, or a large one could turn the sign.
    changed = coefficient * (1.0 + error * min(programs / config.kl_horizon, 1.0))
    return jnp.where(jnp.isfinite(changed), changed, coefficient)
