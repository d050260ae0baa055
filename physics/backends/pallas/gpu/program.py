"""The kernel as a compiled program of JAX: from batches to walks."""

import jax
import jax.numpy as jnp
import numpy as np

from physics.backends.batch import Batch, spread
from physics.backends.pallas.clock import muscle_clock
from physics.backends.pallas.form import Form, Program, compile_walk
from physics.backends.pallas.gpu.kernel import walk_each
from physics.backends.pallas.measures import to_walks
from physics.backends.pallas.springs import COEFFICIENTS
from physics.types import Array, Walk, Walker
from physics.wiring import ends_of


def compile_batch(batch: Batch, form: Form, device: jax.Device) -> Program:
    """The program for batches of these shapes.

    Args:
        batch: Walkers wired by `Indices`, on terrains of `join_terrains`.
        form: How they walk.
        device: Where to run.
    """
    return compile_walk(walk, batch, form, device)


def walk(batch: Batch, form: Form) -> tuple[Walk, Array]:
    """Walks of a batch, and their paths."""
    walkers, episode = batch.walkers, form.episode
    count = len(batch.terrain_of)
    terrain = spread(batch.terrains, jnp.maximum(batch.terrain_of, 0))

    def columns(*fields: Array) -> Array:
        rows = jnp.concatenate([field.reshape(-1, field.shape[-1]) for field in fields])
        return jnp.broadcast_to(rows, (len(rows), count)).T

    centers, measures, path = walk_each(
        episode,
        paths=form.paths,
        interpret=form.interpret,
        clock=muscle_clock(episode.world, np.arange(max(1, episode.steps))),
        segments=terrain.segments,
        position=walkers.position,
        share=walkers.share,
        springs=lay_out(walkers),
        place=columns(terrain.origin, terrain.cells_per_metre),
        grid=columns(terrain.grid - 1, terrain.first_cell),
    )
    return to_walks(centers, measures), path


def lay_out(walkers: Walker) -> Array:
    """Coefficients of springs on all pairs, [batch, COEFFICIENTS, joints, joints]."""
    batch, _, joints = walkers.position.shape
    row = jnp.arange(batch)[:, None]
    first, second = jnp.moveaxis(ends_of(walkers.wiring), 1, 0)
    values = jnp.stack([getattr(walkers, name) for name in COEFFICIENTS], axis=-1)
    # Padded springs meet at the place of joint 0 with itself, with nothing but zeros.
    pairs = jnp.zeros((batch, joints, joints, len(COEFFICIENTS)), jnp.float32)
    pairs = pairs.at[row, first, second].set(values).at[row, second, first].set(values)
    return jnp.moveaxis(pairs, -1, 1)
