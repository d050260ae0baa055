"""Bodies and terrains as plain data for the page."""

from typing import Any

import numpy as np

from elmjax.report.projection import in_picture
from physics.body import Body
from physics.polylines import Polylines


def outline(body: Body) -> dict[str, Any]:
    """A body in centimetres and hundredths of a cycle.

    Returns:
        `joints`: x and y of each, cm; `springs`: two joints, whether it is rigid, amplitude in
        hundredths of the rest length, phase in hundredths of a cycle.
    """
    springs = zip(
        body.ends[:, 0].tolist(),
        body.ends[:, 1].tolist(),
        body.rigid.astype(int).tolist(),
        np.rint(100 * body.amplitude).astype(int).tolist(),
        np.rint(100 * np.mod(body.phase, 1.0)).astype(int).tolist(),
        strict=True,
    )
    return {
        "joints": np.rint(100 * in_picture(body.joints)).astype(int).tolist(),
        "springs": [list(spring) for spring in springs],
    }


def floor_and_ceilings(terrain: Polylines) -> dict[str, Any]:
    """`floor` and `ceilings`, lists of points, m."""
    return {
        "floor": terrain.floor.tolist(),
        "ceilings": [ceiling.tolist() for ceiling in terrain.ceilings],
    }
