"""How much better than expected every token was, by four estimators.

`gae` compares with a value function (`rl.gae`). The others learn none: `grpo` (Shao et al. 2024,
https://arxiv.org/abs/2402.03300) and `rloo` (Ahmadian et al. 2024,
https://arxiv.org/abs/2402.14740) compare a program with the others of its terrain and give all its
tokens the same; `reinforce++` (Hu 2025, https://arxiv.org/abs/2501.03262) compares what is still to
come after a token with the batch. The reward of every token holds its KL penalty for all of them.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from elmjax.rl.config import PPOConfig
from elmjax.rl.episode import token_mask, whiten
from elmjax.rl.gae import generalized_advantage
from elmjax.rl.rollout import Rollout


def estimate_advantage(
    config: PPOConfig, rollout: Rollout, reward: Array, value: Array
) -> tuple[Array, Array]:
    """Advantages, whitened where the configuration says so, and returns.

    Args:
        config: Names the estimator.
        rollout: Whose lengths and terrains count.
        reward: [batch, time] float32, of every token, 0 behind the last.
        value: [batch, time] float32, return expected before every token; "gae" alone reads it.

    Returns:
        Advantage and return, [batch, time], 0 behind the last token.
    """
    mask = token_mask(rollout.length, reward.shape[1])
    if config.estimator == "gae":
        advantage, target = generalized_advantage(
            reward, value, rollout.length, config.discount, config.trace
        )
        return _whitened(config, advantage, mask), target
    to_come, _ = generalized_advantage(
        reward, jnp.zeros_like(reward), rollout.length, config.discount, 1.0
    )
    if config.estimator == "reinforce++":
        return _whitened(config, to_come, mask), to_come
    against = {"grpo": standardised, "rloo": against_others}[config.estimator]
    compared = against(to_come[:, 0], rollout.terrain_index, rollout.terrain.shape[0])
    return jnp.where(mask, compared[:, None], 0.0), to_come


def standardised(total: Array, group: Array, groups: int) -> Array:
    """Deviation from the mean of the group, in its standard deviations.

    Args:
        total: [batch], of each program.
        group: [batch] int32, below `groups`.
        groups: How many there are.

    Returns:
        [batch]; 0 where all of a group are equal.
    """
    count, mean = _moments(total, group, groups)
    centred = total - mean[group]
    variance = _sums(centred**2, group, groups) / count
    # Added to the variance, so that equal programs get 0 and not amplified rounding errors.
    return centred / jnp.sqrt(variance + 1e-8)[group]


def against_others(total: Array, group: Array, groups: int) -> Array:
    """Difference from the mean of the others of the group, [batch]; for arguments see above."""
    count, mean = _moments(total, group, groups)
    # total - (sum - total) / (count - 1); a program without others has nothing to compare with.
    scale = jnp.where(count > 1.0, count / jnp.maximum(count - 1.0, 1.0), 0.0)
    return scale[group] * (total - mean[group])


def _moments(total: Array, group: Array, groups: int) -> tuple[Array, Array]:
    count = jnp.maximum(_sums(jnp.ones_like(total), group, groups), 1.0)
    return count, _sums(total, group, groups) / count


def _sums(quantity: Array, group: Array, groups: int) -> Array:
    return jax.ops.segment_sum(quantity, group, num_segments=groups)


def _whitened(config: PPOConfig, advantage: Array, mask: Array) -> Array:
    return whiten(advantage, mask) if config.whitening else advantage
