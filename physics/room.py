"""Whether a body has room where walks start, at x = 0.

Bodies are placed above the floor below them, so one wide enough to reach over a wall would start
on top of it, and one reaching over the mouth of a tunnel would start inside the rock.
"""

import itertools

import numpy as np

from physics.body import Body
from physics.terrain import Polylines

Face = tuple[float, float]  # x of a vertical face, and the height at which its rock begins, m


def has_room(body: Body, terrain: Polylines, joint_radius: float) -> bool:
    """Whether no joint starts beyond a vertical face of the terrain.

    Args:
        body: any walker; it starts with the mean of its joints at x = 0.
        terrain: where it is to walk.
        joint_radius: m.
    """
    x = body.joints[:, 0] - body.joints[:, 0].mean()
    floor = np.interp(0.0, terrain.floor[:, 0], terrain.floor[:, 1])
    top = body.joints[:, 1] - body.joints[:, 1].min() + floor + 2 * joint_radius
    return not any(
        np.any((np.sign(face) * x + joint_radius > abs(face)) & (top > bottom))
        for face, bottom in (*_walls(terrain.floor), *_overhangs(terrain))
    )


def _walls(floor: np.ndarray) -> list[Face]:
    """Faces of the floor that rise away from the start, as walls of any height."""
    (x, y), (next_x, next_y) = floor[:-1].T, floor[1:].T
    # Up to the right on the right side of the start, down to the right on the left side.
    rises = (x == next_x) & (np.sign(x) * (next_y - y) > 0)
    return [(float(face), -np.inf) for face in x[rises]]


def _overhangs(terrain: Polylines) -> list[Face]:
    """Faces of the ceilings; what stays below them passes."""
    return [
        (float(a[0]), float(min(a[1], b[1])))
        for ceiling in terrain.ceilings
        for a, b in itertools.pairwise(ceiling)
        if a[0] == b[0]
    ]
