"""What the kernels measure of a walk, and the walk that follows from it."""

import jax.numpy as jnp

from physics.types import Array, Walk

# Whether it diverged, 0 or 1; contact and energy as in `Walk`; the centre of mass at the end, m.
DIVERGED, CONTACT, ENERGY, LAST_X, LAST_Y, MEASURES = range(6)


def to_walks(centers: Array, measures: Array) -> Walk:
    """Walks of a batch.

    Args:
        centers: Of mass, [batch, samples, 2] m.
        measures: [batch, MEASURES].
    """
    start = centers[:, :1]
    diverged = measures[:, DIVERGED] > 0.0
    return Walk(
        displacement=jnp.where(diverged, 0.0, measures[:, LAST_X] - start[:, 0, 0]),
        diverged=diverged,
        center_of_mass=jnp.where(diverged[:, None, None], start, centers),
        contact_fraction=jnp.where(diverged, 0.0, measures[:, CONTACT]),
        energy=jnp.where(diverged, 0.0, measures[:, ENERGY]),
    )
