"""What joints may touch, looked up in the kernel: `cells` for one block of walkers."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl

from physics.backends.pallas.tpu.cells import (
    ACROSS,
    BOTTOM,
    FIRST_GROUP,
    LANES,
    LAST_COLUMN,
    LAST_ROW,
    LEFT,
    UPWARD,
)
from physics.backends.pallas.tpu.pairs import X, Y
from physics.types import Array

_SUBLANES = 8  # rows that a permutation takes at a time


def look_up(groups: Any, place: Any, window: Any, state: Any, *, unroll: bool) -> None:
    """Writes the segments that joints may touch into the window.

    Args:
        groups: Reference to groups of `Cells.groups`, that FIRST_GROUP counts from.
        place: Reference to [PLACE_FIELDS, lanes], each walker's column of `Cells.places`.
        window: Reference to [candidates * 6, joints, lanes], to write to.
        state: Reference to what `pull_pairs` reads.
        unroll: Whether fields are compiled side by side.
    """
    joints = window.shape[1]
    x, y = (state[row, :joints] for row in (X, Y))

    def field(name: int) -> Array:
        return place[name : name + 1]

    column = _cell((x - field(LEFT)) * field(ACROSS), field(LAST_COLUMN))
    row = _cell((y - field(BOTTOM)) * field(UPWARD), field(LAST_ROW))
    rows = field(LAST_ROW).astype(jnp.int32) + 1
    cell = column * rows + row
    group = field(FIRST_GROUP).astype(jnp.int32) + (cell >> 7)
    lane = cell & (LANES - 1)

    def copy(number: Array, carry: int) -> int:
        def copy_field(name: Array, carry: int) -> int:
            table = jnp.broadcast_to(groups[number, pl.ds(name, 1)], (_SUBLANES, LANES))
            for start in range(0, joints, _SUBLANES):
                here = slice(start, start + _SUBLANES)
                found = jnp.take_along_axis(table, lane[here], axis=1, mode="promise_in_bounds")
                window[name, here] = jnp.where(group[here] == number, found, window[name, here])
            return carry

        return jax.lax.fori_loop(0, window.shape[0], copy_field, carry, unroll=unroll)

    # Walkers of a block stand near each other, so few groups are between the first and the last.
    # Only floats have minima here.
    number = group.astype(jnp.float32)
    first, last = jnp.min(number).astype(jnp.int32), jnp.max(number).astype(jnp.int32)
    jax.lax.fori_loop(first, last + 1, copy, 0)


def _cell(place: Array, last: Array) -> Array:
    """Clipped after the conversion, which makes some integer of what is not finite."""
    return jnp.clip(place.astype(jnp.int32), 0, last.astype(jnp.int32))
