"""Whether a body has room where walks start, at x = 0.

Bodies are placed above the floor below them, so one wide enough to reach over a wall would start
on top of it, and one reaching over the mouth of a tunnel would start inside the rock. Low faces,
of steps and stumps, are ground like the slope of a hill: a body may start on them.
"""

import itertools

import numpy as np

from physics.body import Body
from physics.polylines import Polylines

Face = tuple[float, float]  # x of a vertical face, and the height at which its rock begins, m

LOWEST_WALL = 3.0  # m; lower faces are no walls


def has_room(body: Body, terrain: Polylines, joint_radius: float) -> bool:
    """Whether no joint starts beyond a wall of the floor or a vertical face of a ceiling.

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
    """Faces that rise at least `LOWEST_WALL` over all ground between the start and them."""
    level = np.interp(0.0, floor[:, 0], floor[:, 1])
    walls = []
    for side in (-1.0, 1.0):
        outwards = floor[:: int(side)] * [side, 1.0]
        ahead, height = outwards[outwards[:, 0] > 0.0].T
        distance, foot = np.unique(ahead, return_index=True)
        top = np.append(foot[1:], len(ahead)) - 1  # equal to `foot` where there is no face
        highest = np.maximum(np.maximum.accumulate(height), level)
        walls += [side * wall for wall in distance[height[top] - highest[foot] >= LOWEST_WALL]]
    return [(float(wall), -np.inf) for wall in walls]


def _overhangs(terrain: Polylines) -> list[Face]:
    """Faces of the ceilings; what stays below them passes."""
    return [
        (float(a[0]), float(min(a[1], b[1])))
        for ceiling in terrain.ceilings
        for a, b in itertools.pairwise(ceiling)
        if a[0] == b[0]
    ]
