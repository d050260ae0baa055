"""Springs on pairs of joints, and their forces: no joint is looked up.

A pair is a joint and the one that stands `shift` places after it, round the circle of all joints.
Shifts up to half the circle meet every pair once, and what stands `shift` places away is had by
reading a row from memory at an offset, which costs a TPU nothing. For that, rows of joints stand
twice, one behind the other. Every array has a walker in each of its last axis's lanes.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl

from physics.backends.pallas.springs import COEFFICIENTS, Moment, pull
from physics.types import Array, Walker
from physics.wiring import ends_of

X, Y, SPEED_X, SPEED_Y, STATE = range(5)  # rows of the state


def pair_count(joints: int) -> int:
    """All pairs of an even number of joints."""
    return joints * (joints - 1) // 2


def lay_out(walkers: Walker) -> Array:
    """Coefficients of springs by pair, [COEFFICIENTS, pairs, batch]; zero where there is none."""
    joints = walkers.position.shape[2]
    first, second = jnp.moveaxis(ends_of(walkers.wiring), 1, 0)  # [batch, springs]
    ahead = (second - first) % joints
    turned = ahead > joints // 2
    shift = jnp.where(turned, joints - ahead, ahead)
    start = jnp.where(turned, second, first)
    # At half the circle both ends are `shift` places after the other.
    start = jnp.where(2 * shift == joints, jnp.minimum(first, second), start)
    # Padded springs have no length, and so no pair. All others have one of their own.
    pair = jnp.where(shift == 0, -1, (shift - 1) * joints + start)
    # A comparison with every pair, because a scatter takes a TPU longer than the walk.
    meets = pair.T[:, None] == jnp.arange(pair_count(joints), dtype=pair.dtype)[:, None]

    def place(values: Array) -> Array:
        return jnp.sum(jnp.where(meets, values.T[:, None], 0.0), axis=0)

    return jnp.stack([place(getattr(walkers, name)) for name in COEFFICIENTS])


def pull_pairs(
    state: Any, coefficients: Any, pulls: Any, cosine: Array, sine: Array, *, unroll: int
) -> tuple[Array, Array, Array]:
    """Forces of all springs.

    Args:
        state: Reference to [STATE, 2 joints, lanes], m and m/s.
        coefficients: Reference to [COEFFICIENTS, pairs, lanes].
        pulls: Reference to [shifts, 2, 2 joints, lanes], to write to.
        cosine: Of the muscles' angle.
        sine: Of the same.
        unroll: Shifts that are compiled side by side.

    Returns:
        Force along x and y, [joints, lanes] m/s^2, and power over the muscles' rate, of which the
        sum over joints counts, [joints, lanes].
    """
    joints = state.shape[1] // 2
    half = joints // 2
    own = [state[row, :joints] for row in range(STATE)]

    def pull_at(shift: Array | int, count: int) -> tuple[Array, Array, Array]:
        there = pl.ds(shift, count)
        moment = Moment(*(state[row, there] - own[row][:count] for row in range(STATE)))
        pairs = pl.ds((shift - 1) * joints, count)
        each = [coefficients[field, pairs] for field in range(len(COEFFICIENTS))]
        return pull(moment, each, cosine, sine)

    def add(shift: Array, total: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        *along, power = pull_at(shift, joints)
        for axis in (X, Y):
            pulls[shift - 1, axis, :joints] = along[axis]
            pulls[shift - 1, axis, joints:] = along[axis]
        # What pulls a joint forth pulls the one after it back.
        back = pl.ds(joints - shift, joints)
        x, y = (total[axis] + (along[axis] - pulls[shift - 1, axis, back]) for axis in (X, Y))
        return x, y, total[2] + power

    # At half the circle each joint of one half meets one of the other.
    pull_x, pull_y, power = pull_at(half, half)
    total = (
        jnp.concatenate([pull_x, -pull_x]),
        jnp.concatenate([pull_y, -pull_y]),
        jnp.concatenate([power, jnp.zeros_like(power)]),
    )
    return jax.lax.fori_loop(1, half, add, total, unroll=unroll)
