"""A walker as JSON: all that a simulator of one's own needs."""

import dataclasses
import json

from elmjax.export.placed import Placed

_UNITS = {
    "length": "m, x forward, y up, z in depth",
    "mass": "1 for every joint",
    "stiffness": "1/s^2 for that mass",
    "damping": "1/s for that mass",
    "amplitude": "share of the rest length",
    "phase": "cycles",
    "rest length at t": "rest_length (1 + amplitude cos(muscle_rate t + 2 pi phase))",
}


def to_json(walker: Placed) -> str:
    """Joints, springs, world and measures, with what their numbers mean."""
    body = walker.body
    springs = zip(
        body.ends.tolist(),
        body.rigid.tolist(),
        body.amplitude.tolist(),
        body.phase.tolist(),
        body.rest_length.tolist(),
        walker.stiffness.tolist(),
        walker.damping.tolist(),
        strict=True,
    )
    names = ("ends", "rigid", "amplitude", "phase", "rest_length", "stiffness", "damping")
    depth = {"depth": body.depth} if body.dim == 3 else {}
    record = {
        "dim": body.dim,
        "joints": body.joints.tolist(),
        "start": walker.position.tolist(),
        "springs": [dict(zip(names, spring, strict=True)) for spring in springs],
        "measures": {"height": body.height, "width": body.width, **depth, "mass": body.mass},
        "world": dataclasses.asdict(walker.world),
        "units": _UNITS,
    }
    return json.dumps(record, indent=1) + "\n"
