"""Ground that rises in both directions, and the contact of joints (balls) with it.

Heights stand on the corners of a level grid over x and z; between them the ground is bilinear.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from physics.types import DEPTH, FORWARD, UP, Array, Relief
from physics.vectors import dot

LookUp = Callable[[Array, Array], Array]  # columns of a table, by their numbers

# Below any joint: the ground of a relief that is none, beside one that is in the same call.
NO_GROUND = -1e6  # m


def touch_relief(
    relief: Relief, radius: float, position: Array, look_up: LookUp
) -> tuple[Array, Array]:
    """Normal of the ground by each joint, [3, joints], and the gap to it, [joints] m.

    The ground is taken for its tangent plane where the joint touches it, or would. Below a joint's
    centre the ground of a hollow is less steep than that: a joint that swings in it would be slow.
    """
    place = jnp.stack([position[FORWARD], position[DEPTH]])
    _, slope = _ground(relief, place, look_up)
    foot = place + radius * slope * _upright(slope)
    height, slope = _ground(relief, foot, look_up)
    upright = _upright(slope)
    normal = jnp.stack([-slope[0] * upright, upright, -slope[1] * upright])
    return normal, (position[UP] - height - dot(slope, place - foot)) * upright - radius


def _upright(slope: Array) -> Array:
    """The part of the ground's normal that points up, [joints]."""
    return 1.0 / jnp.sqrt(1.0 + dot(slope, slope))


def _ground(relief: Relief, place: Array, look_up: LookUp) -> tuple[Array, Array]:
    """Height [joints] m and slopes [2, joints] of the ground at places [2, joints] m."""
    steps = (place - relief.origin) * relief.cells_per_metre
    cell = jnp.clip(steps.astype(jnp.int32), 0, relief.grid - 1)
    inside = (steps >= 0.0) & (steps <= relief.grid)
    u, v = jnp.clip(steps - cell, 0.0, 1.0)
    column = relief.first_cell + cell[0] * relief.grid[1] + cell[1]
    near, far, ahead, beyond = look_up(jnp.asarray(relief.corners), column)
    twist = beyond - ahead - far + near
    height = near + u * (ahead - near) + v * (far - near) + u * v * twist
    rise = jnp.stack([ahead - near + v * twist, far - near + u * twist])
    return height, jnp.where(inside, rise * relief.cells_per_metre, 0.0)


def height_at(relief: Relief, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Height of a relief's ground at points of the level, float64 m, on the host."""
    grid, origin = relief.grid[:, 0], relief.origin[:, 0].astype(np.float64)
    steps = (np.stack([x, z], axis=-1) - origin) * relief.cells_per_metre[:, 0]
    cell = np.clip(steps.astype(int), 0, grid - 1)
    u, v = np.clip(steps - cell, 0.0, 1.0).T
    near, far, ahead, beyond = relief.corners[:, cell[:, 0] * grid[1] + cell[:, 1]]
    return near + u * (ahead - near) + v * (far - near) + u * v * (beyond - ahead - far + near)


def build_relief(heights: np.ndarray, spacing: float) -> Relief:
    """The table that contact reads.

    Args:
        heights: [points along x, points along z] m, over a level centred on x = z = 0.
        spacing: Between points, m.
    """
    corners = [heights[:-1, :-1], heights[:-1, 1:], heights[1:, :-1], heights[1:, 1:]]
    grid = np.array(heights.shape) - 1
    return Relief(
        corners=np.stack([corner.reshape(-1) for corner in corners]).astype(np.float32),
        origin=(-spacing * grid / 2.0)[:, None].astype(np.float32),
        cells_per_metre=np.full((2, 1), 1.0 / spacing, np.float32),
        grid=grid[:, None].astype(np.int32),
        first_cell=np.zeros(1, np.int32),
    )


def no_relief() -> Relief:
    """A ground that nothing reaches: for a terrain without a relief beside one that has it."""
    return build_relief(np.full((2, 2), NO_GROUND), 1.0)
