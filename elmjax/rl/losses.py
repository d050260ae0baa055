"""Terms of the PPO objective (Schulman et al. 2017, https://arxiv.org/abs/1707.06347).

Everything is a mean over the real tokens of a batch: arrays are [batch, time], `mask` is true on
real tokens. Masked places are replaced before any exponential, so that whatever they hold reaches
neither the value nor the gradient.
"""

from __future__ import annotations

import flax.struct
import jax.numpy as jnp
from jax import Array


@flax.struct.dataclass
class RatioStatistics:
    """How far the policy has moved from the one that sampled; scalars."""

    mean: Array  # of the probability ratio; 1 on the sampling policy
    largest_deviation: Array  # of the ratio from 1
    clip_fraction: Array  # of tokens whose ratio lies outside the clip range
    kl: Array  # nats per token, from the sampling policy to this one (k3)


def token_mean(quantity: Array, mask: Array) -> Array:
    """Mean over real tokens; 0 if there are none."""
    return jnp.sum(jnp.where(mask, quantity, 0.0)) / jnp.maximum(jnp.sum(mask), 1)


def clipped_policy_loss(
    log_prob: Array, behaviour_log_prob: Array, advantage: Array, mask: Array, clip: float
) -> Array:
    """Negated clipped surrogate objective, equation 7."""
    ratio = jnp.exp(_log_ratio(log_prob, behaviour_log_prob, mask))
    gain = jnp.minimum(ratio * advantage, jnp.clip(ratio, 1.0 - clip, 1.0 + clip) * advantage)
    return -token_mean(gain, mask)


def value_loss(
    value: Array, old_value: Array, target: Array, mask: Array, clip: float | None
) -> Array:
    """Half the mean squared error of the value function.

    Args:
        value: Estimates of the network being trained.
        old_value: Estimates made when the batch was evaluated.
        target: Returns.
        mask: True on real tokens.
        clip: Largest change of an estimate that is still rewarded, or None for the plain error.
    """
    value, target = jnp.where(mask, value, 0.0), jnp.where(mask, target, 0.0)
    error = (value - target) ** 2
    if clip is not None:
        old_value = jnp.where(mask, old_value, 0.0)
        held_back = old_value + jnp.clip(value - old_value, -clip, clip)
        error = jnp.maximum(error, (held_back - target) ** 2)
    return 0.5 * token_mean(error, mask)


def entropy_cost(entropy: Array, mask: Array, bounds: tuple[float, float] | None) -> Array:
    """What the mean entropy of the next-token distributions adds to the loss, nats.

    Args:
        entropy: [batch, time] nats.
        mask: True on real tokens.
        bounds: Between them entropy costs nothing, and outside its distance from them; None:
            minus itself, the plain bonus.
    """
    mean = token_mean(entropy, mask)
    if bounds is None:
        return -mean
    low, high = bounds
    return jnp.maximum(low - mean, 0.0) + jnp.maximum(mean - high, 0.0)


def kl_k1(sampled_log_prob: Array, other_log_prob: Array, mask: Array) -> Array:
    """Estimate of KL(sampling policy, other policy): unbiased, of either sign, nats per token.

    Named as in http://joschu.net/blog/kl-approx.html, as is `kl_k3`.
    """
    return token_mean(-_log_ratio(other_log_prob, sampled_log_prob, mask), mask)


def kl_k3(sampled_log_prob: Array, other_log_prob: Array, mask: Array) -> Array:
    """Estimate of the same divergence: unbiased too, never negative, of smaller variance."""
    log_ratio = _log_ratio(other_log_prob, sampled_log_prob, mask)
    return token_mean(jnp.expm1(log_ratio) - log_ratio, mask)


def ratio_statistics(
    log_prob: Array, behaviour_log_prob: Array, mask: Array, clip: float
) -> RatioStatistics:
    """What to watch while optimising the surrogate."""
    ratio = jnp.exp(_log_ratio(log_prob, behaviour_log_prob, mask))
    deviation = jnp.abs(ratio - 1.0)
    return RatioStatistics(
        mean=token_mean(ratio, mask),
        largest_deviation=jnp.max(jnp.where(mask, deviation, 0.0)),
        clip_fraction=token_mean((deviation > clip).astype(jnp.float32), mask),
        kl=kl_k3(behaviour_log_prob, log_prob, mask),
    )


def _log_ratio(log_prob: Array, base_log_prob: Array, mask: Array) -> Array:
    """Difference on real tokens, exactly 0 elsewhere."""
    return jnp.where(mask, log_prob, 0.0) - jnp.where(mask, base_log_prob, 0.0)
