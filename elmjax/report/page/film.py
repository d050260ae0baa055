"""One walk as a page of its own: the report's canvas and player, without the rest."""

import numpy as np
from numpy.typing import NDArray

from elmjax.report.page.assembly import assemble
from elmjax.report.page.outline import floor_and_ceilings, outline
from elmjax.report.page.packing import pack_track
from elmjax.report.page.palettes import palettes
from physics.body import Body
from physics.polylines import Polylines

SCRIPTS = ("data", "colours", "walk", "film")


def film_page(
    title: str,
    body: Body,
    terrain: Polylines,
    positions: NDArray[np.floating],
    *,
    rate: int,
    joint_radius: float,
) -> str:
    """An HTML document that plays a walk and asks nothing of a network.

    Args:
        title: Said above it.
        body: Of the walker.
        terrain: What it walks on.
        positions: [frames, joints, 2] m; a walk that is not finite is not shown, and the page
            says so.
        rate: Frames a second.
        joint_radius: m.
    """
    finite = bool(np.isfinite(positions).all())
    content = {
        "title": title,
        "body": outline(body),
        "terrain": floor_and_ceilings(terrain),
        "track": {**pack_track(positions), "rate": rate} if finite else None,
        "joint_radius": joint_radius,
        "palettes": palettes(),
    }
    return assemble(content, SCRIPTS)
