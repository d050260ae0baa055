"""A walker as a model of MuJoCo (MJCF): balls on slides, joined by spatial tendons.

MuJoCo's z is up: our (x, y, z) is its (x, -z, y). A tendon's spring and damper are ours; an
actuator on it adds stiffness times its control, which is what a change of the rest length by the
control does. MJCF has no functions of time: whoever steps the model sets the controls, from the
numbers of the same name under `custom`, amplitude (m) and phase (cycles). Contact is MuJoCo's own.
"""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from elmjax.export.placed import Placed

_AXES = {2: ("1 0 0", "0 0 1"), 3: ("1 0 0", "0 -1 0", "0 0 1")}
_RIGID, _MUSCLE = "0.13 0.13 0.13 1", "0 0.45 0.7 1"


def to_mjcf(walker: Placed, name: str = "walker") -> str:
    """The model as XML, on level ground.

    Args:
        walker: In two dimensions its joints slide along x and up only.
        name: Of the model.
    """
    model = ET.Element("mujoco", model=name)
    world = walker.world
    ET.SubElement(
        model,
        "option",
        timestep=_number(world.time_step),
        gravity=f"0 0 {_number(-world.gravity)}",
        integrator="Euler",
    )
    _add_defaults(model, walker)
    _add_bodies(model, walker)
    _add_springs(model, walker)
    ET.indent(model)
    return ET.tostring(model, encoding="unicode") + "\n"


def _add_defaults(model: ET.Element, walker: Placed) -> None:
    world, defaults = walker.world, ET.SubElement(model, "default")
    # Drag on a unit mass. Friction is the larger of the two geoms'.
    ET.SubElement(defaults, "joint", type="slide", damping=_number(world.drag))
    ET.SubElement(defaults, "geom", friction=f"{_number(world.friction)} 0 0", condim="3")


def _add_bodies(model: ET.Element, walker: Placed) -> None:
    radius = _number(walker.world.joint_radius)
    scene = ET.SubElement(model, "worldbody")
    ET.SubElement(scene, "light", pos="0 0 40", dir="0 0 -1")
    # Joints touch the ground and not each other.
    ground = {"type": "plane", "size": "0 0 1", "rgba": "0.8 0.76 0.69 1"}
    ET.SubElement(scene, "geom", {"name": "ground", "contype": "1", "conaffinity": "0", **ground})
    for index, place in enumerate(walker.position.tolist()):
        x, y, *depth = place
        z = depth[0] if depth else 0.0
        at = _numbers((x, -z, y))
        body = ET.SubElement(scene, "body", name=f"joint_{index}", pos=at)
        for axis in _AXES[walker.body.dim]:
            ET.SubElement(body, "joint", axis=axis)
        ball = {"type": "sphere", "size": radius, "mass": "1"}
        ET.SubElement(body, "geom", {"contype": "0", "conaffinity": "1", **ball})
        ET.SubElement(body, "site", name=f"centre_{index}", size="0.05")


def _add_springs(model: ET.Element, walker: Placed) -> None:
    body = walker.body
    tendons, actuators, custom = (
        ET.SubElement(model, part) for part in ("tendon", "actuator", "custom")
    )
    ET.SubElement(custom, "numeric", name="muscle_rate", data=_number(walker.world.muscle_rate))
    for index, ends in enumerate(body.ends.tolist()):
        length, swing = float(body.rest_length[index]), float(body.amplitude[index])
        spring = ET.SubElement(
            tendons,
            "spatial",
            name=f"spring_{index}",
            springlength=_number(length),
            stiffness=_number(walker.stiffness[index]),
            damping=_number(walker.damping[index]),
            width="0.06",
            rgba=_RIGID if body.rigid[index] else _MUSCLE,
        )
        for end in ends:
            ET.SubElement(spring, "site", site=f"centre_{end}")
        if body.rigid[index] or swing == 0.0:
            continue
        reach = _number(abs(swing) * length)
        muscle = {"name": f"muscle_{index}", "tendon": f"spring_{index}"}
        pull = {"gainprm": _number(walker.stiffness[index]), "ctrlrange": f"-{reach} {reach}"}
        ET.SubElement(actuators, "general", {**muscle, **pull, "ctrllimited": "true"})
        said = _numbers((swing * length, float(body.phase[index])))
        ET.SubElement(custom, "numeric", name=f"muscle_{index}", data=said)


def _number(value: float) -> str:
    """As short as single precision allows."""
    if not math.isfinite(value):
        raise ValueError(f"model: got {value!r}, want finite numbers")
    return f"{float(value):.9g}"


def _numbers(values: Iterable[float]) -> str:
    return " ".join(map(_number, values))
