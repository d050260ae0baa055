"""Choosing the next token: temperature, nucleus, and the log-probability of what was chosen."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

# Temperatures below this are greedy: float32 scores divided by it are still finite.
GREEDY_TEMPERATURE = 1e-5
BLOCK = 32  # entries of the vocabulary that are summed together to find a token


def choose_token(
    logits: Array, temperature: Array | float, top_p: Array | float, key: Array
) -> tuple[Array, Array]:
    """Draws one token per row.

    Args:
        logits: [..., vocab].
        temperature: Divides the scores; 0 chooses the likeliest token, at random where several tie.
        top_p: Draws from the smallest set of likeliest tokens that holds this much probability
            (Holtzman et al. 2019, https://arxiv.org/abs/1904.09751); tokens that tie with the
            least likely of the set are in it. 1 draws from all.
        key: [...] typed PRNG keys, one per row.

    Returns:
        Tokens [...] int32, and their log-probabilities [...] under the distribution really drawn
        from: after temperature and nucleus.
    """
    scores = _tempered(logits, temperature)
    weights = jnp.exp(scores)
    weights = jax.lax.cond(top_p < 1.0, _nucleus, lambda all_of, _: all_of, weights, top_p)
    token = _draw(weights, key)
    score = jnp.take_along_axis(scores, token[..., None], axis=-1)[..., 0]
    return token, score - jnp.log(jnp.sum(weights, axis=-1))


def tempered_log_probs(logits: Array, temperature: Array | float) -> Array:
    """Log-probabilities [..., vocab] at a temperature."""
    return jax.nn.log_softmax(_tempered(logits, temperature), axis=-1)


def _tempered(logits: Array, temperature: Array | float) -> Array:
    """Scores at a temperature, of which the highest is 0."""
    # The likeliest score becomes zero before the division, and so stays exact however small the
    # temperature is.
    behind = logits - jnp.max(logits, axis=-1, keepdims=True)
    return behind / jnp.maximum(temperature, GREEDY_TEMPERATURE)


def _nucleus(weights: Array, top_p: Array) -> Array:
    """Weights of the nucleus, zero outside it.

    The least weight of the nucleus is found by bisection over its bits, which order as
    non-negative floats do: exact after 31 halvings, and ten times as fast as a sort on CPU.
    """
    bits = jax.lax.bitcast_convert_type(weights, jnp.int32)
    wanted = top_p * jnp.sum(weights, axis=-1, keepdims=True)

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = high - (high - low) // 2
        mass = jnp.sum(jnp.where(bits >= middle, weights, 0.0), axis=-1, keepdims=True)
        enough = mass >= wanted
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle - 1)

    highest = jnp.max(bits, axis=-1, keepdims=True)
    least, _ = jax.lax.fori_loop(0, 31, halve, (jnp.zeros_like(highest), highest))
    return jnp.where(bits >= least, weights, 0.0)


def _draw(weights: Array, key: Array) -> Array:
    """Inverts the cumulative distribution: one uniform number per row.

    First the block of the vocabulary is found, then the token in it: short cumulative sums. The
    Gumbel trick needs a number per entry of the vocabulary and is many times as slow on CPU.

    Args:
        weights: [..., vocab] probabilities times any factor.
        key: [...] keys.
    """
    vocab = weights.shape[-1]
    padding = [(0, 0)] * (weights.ndim - 1) + [(0, -vocab % BLOCK)]
    blocks = jnp.pad(weights, padding).reshape(*weights.shape[:-1], -1, BLOCK)
    mass = blocks.sum(-1)
    uniform = jax.vmap(jax.random.uniform)(key.reshape(-1)).reshape(key.shape)
    level = uniform[..., None] * mass.sum(-1, keepdims=True)
    block, below = _invert(mass, level)
    within = jnp.take_along_axis(blocks, block[..., None, None], axis=-2)[..., 0, :]
    entry, _ = _invert(within, level - below[..., None])
    return (block * BLOCK + entry).astype(jnp.int32)


def _invert(weights: Array, level: Array) -> tuple[Array, Array]:
    """Where a cumulative sum first exceeds a level.

    Args:
        weights: [..., entries], not all zero.
        level: [..., 1].

    Returns:
        The entry [...], whose weight is never zero, and the sum [...] of those before it.
    """
    cumulative = jnp.cumsum(weights, axis=-1)
    # Sums of floats depend on their order, so a level may lie a rounding beyond the last sum; and
    # they may creep up over impossible entries, which must stay impossible.
    level = jnp.minimum(level, cumulative[..., -1:] * (1.0 - 2.0**-20))
    entry = jnp.argmax((cumulative > level) & (weights > 0.0), axis=-1)
    at = entry[..., None]
    below = jnp.take_along_axis(cumulative, at, -1) - jnp.take_along_axis(weights, at, -1)
    return entry, below[..., 0]
