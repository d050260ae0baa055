"""Sampled programs as rows of arrays, from the sampler's hands to the update's.

A row is one episode. Terrains are stored once, however many episodes meet them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import flax.struct
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.lm.prompt import Prompt
from elmjax.lm.transcript import Completions

# Brings an array that leads with rows to where it is worked on.
Spread = Callable[[Array], Array]


@flax.struct.dataclass
class Rollout:
    """Completions of prompts, each for a terrain, and how likely they were when sampled."""

    terrain: Array  # [terrains] int32 codes, or [terrains, height, width] float32, 1 where solid
    terrain_index: Array  # [batch] int32, row of `terrain`
    prompt: Array  # [batch, prompt_time] int32
    prompt_length: Array  # [batch] int32
    tokens: Array  # [batch, time] int32, of the completion, its end token included
    length: Array  # [batch] int32, real tokens of the completion
    log_prob: Array  # [batch, time] float32 nats, under the distribution sampled from


@flax.struct.dataclass
class Batch:
    """A rollout, what the networks said of it and what its programs earned."""

    rollout: Rollout
    value: Array  # [batch, time] float32, scaled reward expected before each token
    reference_log_prob: Array  # [batch, time] float32 nats, under the stage 2 model
    reward: Array  # [batch] float32, of each program


def collect(
    terrain: Array, terrain_index: Array, prompt: Prompt, completions: Completions
) -> Rollout:
    """Lays the children of all parents out as rows, in order.

    Args:
        terrain: [terrains] int32 codes, or [terrains, height, width] pictures.
        terrain_index: [parents] int32, the terrain whose prefix each parent had.
        prompt: The parents' prompts.
        completions: What the sampler drew for them.
    """
    _, children, time = completions.tokens.shape
    each = partial(jnp.repeat, repeats=children, axis=0)
    return Rollout(
        terrain=jnp.asarray(terrain),
        terrain_index=each(jnp.asarray(terrain_index)),
        prompt=each(prompt.tokens),
        prompt_length=each(prompt.length),
        tokens=jnp.reshape(completions.tokens, (-1, time)),
        length=jnp.reshape(completions.length, -1),
        log_prob=jnp.reshape(completions.log_prob, (-1, time)),
    )


def take_rows(rollout: Rollout, rows: Array, spread: Spread = lambda rows: rows) -> Rollout:
    """The episodes `rows` [some] of a rollout, over the same terrains, each array spread."""
    return Rollout(
        terrain=rollout.terrain,
        terrain_index=spread(rollout.terrain_index[rows]),
        prompt=spread(rollout.prompt[rows]),
        prompt_length=spread(rollout.prompt_length[rows]),
        tokens=spread(rollout.tokens[rows]),
        length=spread(rollout.length[rows]),
        log_prob=spread(rollout.log_prob[rows]),
    )


def crop(rollout: Rollout, buckets: Sequence[int]) -> Rollout:
    """Cuts the time axis to the smallest bucket that holds every completion.

    For the host, before the update: it runs over all of the time axis, and a few buckets mean a
    few compilations.

    Args:
        rollout: Completions padded to the sampler's limit.
        buckets: Time extents to choose from, in tokens; the rollout's own extent is always one.
    """
    time = rollout.tokens.shape[1]
    longest = int(np.max(np.asarray(rollout.length), initial=0))
    extent = min((bucket for bucket in buckets if longest <= bucket <= time), default=time)
    return dataclasses.replace(
        rollout, tokens=rollout.tokens[:, :extent], log_prob=rollout.log_prob[:, :extent]
    )
