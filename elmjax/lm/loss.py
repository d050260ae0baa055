"""The loss of language modelling: how surprising the targets of packed rows are."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from elmjax.lm import decoder
from elmjax.lm.attention import packed_mask
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.packing import Batch


def target_losses(params: Params, config: DecoderConfig, batch: Batch) -> Array:
    """Negative log-likelihood of every target, unweighted: [rows, time] nats."""
    scores = target_scores(params, config, batch)
    chosen = jnp.take_along_axis(scores, batch.targets[..., None], axis=-1)[..., 0]
    return jax.nn.logsumexp(scores, axis=-1) - chosen


def target_scores(params: Params, config: DecoderConfig, batch: Batch) -> Array:
    """What the model thinks of every entry in the place of every target: [rows, time, vocab]."""
    hidden = decoder.hidden_states(
        params,
        config,
        decoder.embed(params, batch.tokens),
        batch.position,
        packed_mask(batch.group, batch.segment),
    )
    return decoder.logits(params, config, hidden)


def weighted_loss(params: Params, config: DecoderConfig, batch: Batch) -> tuple[Array, Array]:
    """Sums, so that parts of a batch add up to the whole.

    Returns:
        Sum of weight x loss in nats, and sum of the weights; their ratio is the loss.
    """
    losses = target_losses(params, config, batch)
    return jnp.sum(losses * batch.weights), jnp.sum(batch.weights)
