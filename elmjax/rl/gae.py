"""Generalised advantage estimation over sequences of uneven length.

Schulman et al. 2015, https://arxiv.org/abs/1506.02438, equation 16. A time step is one token;
`value[t]` is the estimate before token t is chosen, and a sequence ends with its last real token.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array


def generalized_advantage(
    reward: Array, value: Array, length: Array, discount: float, trace: float
) -> tuple[Array, Array]:
    """Advantages and the returns that the value function is to predict.

    Args:
        reward: [batch, time] float32, reward received on choosing a token.
        value: [batch, time] float32, expected return before choosing it.
        length: [batch] int32, real tokens; what stands behind them is ignored.
        discount: Weight of the next step's return, in [0, 1].
        trace: Decay of the weight of later temporal differences (lambda), in [0, 1].

    Returns:
        Advantage and return (advantage + value), [batch, time], 0 behind a sequence's end.
    """
    real = jnp.arange(reward.shape[1]) < length[:, None]

    def one_sequence(reward: Array, value: Array, real: Array) -> Array:
        return _advantage(reward, value, real, discount, trace)

    advantage = jax.vmap(one_sequence)(reward, value, real)
    return advantage, jnp.where(real, advantage + value, 0.0)


def _advantage(reward: Array, value: Array, real: Array, discount: float, trace: float) -> Array:
    """Advantage [time] of one sequence, accumulated from its end."""

    def step(
        later: tuple[Array, Array], now: tuple[Array, Array, Array]
    ) -> tuple[tuple[Array, Array], Array]:
        later_advantage, later_value = later
        reward, value, real = now
        surprise = reward + discount * later_value - value
        advantage = jnp.where(real, surprise + discount * trace * later_advantage, 0.0)
        return (advantage, jnp.where(real, value, 0.0)), advantage

    nothing = jnp.zeros((), reward.dtype)
    _, advantage = jax.lax.scan(step, (nothing, nothing), (reward, value, real), reverse=True)
    return advantage
