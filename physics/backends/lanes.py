"""A batch of walkers side by side on the last axis, without gather or scatter. For TPUs.

The last axis of an array lies across a TPU's 128 lanes: there every lane computes a walker of its
own. XLA's gathers and scatters take a thousand times longer there than the arithmetic they feed,
so walkers are rewired, on the host, to forms that need none.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from physics.backends.batch import Batch, Episode, spread, with_columns
from physics.rollout import measure, rollout
from physics.types import Array, Terrain, Walk, Walker
from physics.wiring import Incidence, Pairs, ends_of

# All pairs cost joints^2 whatever is joined; beyond this a product with a matrix is cheaper.
MOST_JOINTS_IN_PAIRS = 32

_SPRING_FIELDS = ("rest_length", "swing_cosine", "swing_sine", "stiffness", "damping")


def rewire(batch: Batch) -> Batch:
    """The batch as `simulate_lanes` reads it, in NumPy: one column of grid fields per walker."""
    few_joints = batch.walkers.position.shape[2] <= MOST_JOINTS_IN_PAIRS
    terrains = spread(batch.terrains, batch.terrain_of)
    return Batch(
        walkers=to_pairs(batch.walkers) if few_joints else to_incidence(batch.walkers),
        terrains=dataclasses.replace(terrains, by_gather=False),
        terrain_of=batch.terrain_of,
    )


def simulate_lanes(batch: Batch, episode: Episode) -> Walk:
    """Walks of a rewired batch, with a leading batch axis."""

    def columns(field: Array) -> Array:
        """[..., 1, batch]: for each walker a column of its own."""
        return jnp.broadcast_to(field, (*field.shape[:-1], len(batch.terrain_of)))[..., None, :]

    def walk(walker: Walker, terrain: Terrain) -> Walk:
        course = rollout(
            walker, terrain, episode.world, steps=episode.steps, interval=episode.interval
        )
        return measure(walker, course, episode.seconds)

    walkers = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, -1), batch.walkers)
    # Walkers share the tables and have the fields of the grid to themselves.
    shared = jax.tree.map(lambda _: None, batch.terrains)
    axes = (-1, with_columns(shared, lambda _: -1))
    return jax.vmap(walk, in_axes=axes)(walkers, with_columns(batch.terrains, columns))


def to_pairs(walkers: Walker) -> Walker:
    """Springs on all pairs of joints: [batch, joints, joints] each."""
    batch, _, joints = walkers.position.shape
    row = np.arange(batch)[:, None]
    first, second = np.moveaxis(ends_of(walkers.wiring), 1, 0)

    def lay_out(values: np.ndarray) -> np.ndarray:
        # Padded springs meet at the place of joint 0 with itself, with nothing but zeros.
        pairs = np.zeros((batch, joints, joints), np.float32)
        pairs[row, first, second] = values
        pairs[row, second, first] = values
        return pairs

    laid_out = {name: lay_out(getattr(walkers, name)) for name in _SPRING_FIELDS}
    return dataclasses.replace(walkers, wiring=Pairs(), **laid_out)


def to_incidence(walkers: Walker) -> Walker:
    """Springs wired by a matrix [batch, springs, joints]."""
    batch, _, joints = walkers.position.shape
    springs = walkers.stiffness.shape[1]
    row, spring = np.arange(batch)[:, None], np.arange(springs)
    first, second = np.moveaxis(ends_of(walkers.wiring), 1, 0)
    matrix = np.zeros((batch, springs, joints), np.float32)
    matrix[row, spring, first] -= 1.0
    matrix[row, spring, second] += 1.0  # padded springs: both ends at joint 0, and so nothing
    return dataclasses.replace(walkers, wiring=Incidence(matrix))
