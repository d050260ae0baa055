"""How far one language model is from another: the Kullback-Leibler divergence of its tokens."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.loss import target_scores
from elmjax.lm.packing import Batch


def divergence(scores: Array, reference: Array) -> Array:
    """KL(p || q), exact over the vocabulary.

    Args:
        scores: [..., vocab] finite logits of p.
        reference: [..., vocab] finite logits of q.

    Returns:
        [...] nats.
    """
    log_p, log_q = jax.nn.log_softmax(scores), jax.nn.log_softmax(reference)
    return jnp.sum(jnp.exp(log_p) * (log_p - log_q), axis=-1)


def weighted_divergence(
    params: Params, reference: Params, config: DecoderConfig, batch: Batch
) -> tuple[Array, Array]:
    """Divergence of one model from another in the places of the targets of packed rows.

    Args:
        params: Of the model that moved.
        reference: Of the model that it moved away from, of the same shape.
        config: Shape of both.
        batch: Packed rows, which weigh the places.

    Returns:
        Sum of weight x divergence in nats, and sum of the weights.
    """
    apart = divergence(
        target_scores(params, config, batch), target_scores(reference, config, batch)
    )
    return jnp.sum(apart * batch.weights), jnp.sum(batch.weights)
