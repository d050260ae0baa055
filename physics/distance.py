"""How far a walk went: along x as the paper counts, or over the level, whatever the direction."""

from typing import Literal

import numpy as np

from physics.types import Walk

Distance = Literal["forward", "planar"]


def distances(walks: Walk, distance: Distance = "forward") -> np.ndarray:
    """Of the centres of mass, from start to end, [walks] m.

    Args:
        walks: With a leading axis.
        distance: "planar" counts depth as much as x. In two dimensions there is none, and both are
            the same.
    """
    if distance == "forward" or walks.drift is None:
        return np.abs(walks.displacement)
    return np.hypot(walks.displacement, walks.drift)
