"""A batch of walkers simulated as one walker whose parts are not connected. For CPUs and GPUs.

Laying the joints of all walkers on one axis, with spring ends shifted to match, runs `rollout` as
it is and spares XLA the batched gathers and scatters that `vmap` would make of it.
"""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp

from physics.backends.batch import Batch, Episode, spread
from physics.rollout import Course, measure, rollout
from physics.types import Array, Walk, Walker
from physics.wiring import Indices, ends_of


def simulate_union(batch: Batch, episode: Episode) -> Walk:
    """Walks of a batch, with a leading batch axis."""
    count, _, joints = batch.walkers.position.shape
    terrain = spread(batch.terrains, jnp.repeat(batch.terrain_of, joints))
    course = rollout(
        _union(batch.walkers),
        terrain,
        episode.world,
        steps=episode.steps,
        interval=episode.interval,
    )
    return jax.vmap(partial(measure, seconds=episode.seconds))(batch.walkers, _split(course, count))


def _union(walkers: Walker) -> Walker:
    """One walker made of all walkers of a batch."""
    batch, _, joints = walkers.position.shape
    shift = joints * jnp.arange(batch, dtype=jnp.int32)[:, None, None]
    shifted = dataclasses.replace(walkers, wiring=Indices(ends_of(walkers.wiring) + shift))

    def join(leaf: Array) -> Array:
        if leaf.ndim == 2:
            return leaf.reshape(-1)
        return jnp.swapaxes(leaf, 0, 1).reshape(leaf.shape[1], -1)

    return jax.tree.map(join, shifted)


def _split(course: Course, batch: int) -> Course:
    """The course of the union, [..., batch * parts], as [batch, ..., parts]."""

    def split(leaf: Array) -> Array:
        return jnp.moveaxis(leaf.reshape(*leaf.shape[:-1], batch, -1), -2, 0)

    return jax.tree.map(split, course)
