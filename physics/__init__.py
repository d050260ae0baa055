"""Mass-spring walkers on terrain, simulated in batches with JAX.

Knows nothing of programs, text or fitness. Read `physics.step` first. Names are resolved on first
use, so `from physics.body import Body` (all that the program jail needs) does not import JAX.
`simulate` is not among them: `physics.simulate` is the module, which holds the function.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from physics.body import CAPACITIES, Body, Capacity, capacity_for
    from physics.polylines import Polylines, load_polylines
    from physics.raster import terrain_image
    from physics.simulate import trajectory
    from physics.terrain import (
        TERRAINS,
        describe,
        from_polylines,
        load_terrain,
        make_polylines,
        make_terrain,
        parameters_of,
    )
    from physics.types import Outcome, State, Terrain, Walker
    from physics.world import World

__all__ = [
    "CAPACITIES",
    "TERRAINS",
    "Body",
    "Capacity",
    "Outcome",
    "Polylines",
    "State",
    "Terrain",
    "Walker",
    "World",
    "capacity_for",
    "describe",
    "from_polylines",
    "load_polylines",
    "load_terrain",
    "make_polylines",
    "make_terrain",
    "parameters_of",
    "terrain_image",
    "trajectory",
]

_MODULES = {
    "body": ("Body", "Capacity", "CAPACITIES", "capacity_for"),
    "world": ("World",),
    "types": ("Walker", "State", "Terrain", "Outcome"),
    "polylines": ("Polylines", "load_polylines"),
    "terrain": (
        "TERRAINS",
        "describe",
        "parameters_of",
        "make_polylines",
        "make_terrain",
        "from_polylines",
        "load_terrain",
    ),
    "raster": ("terrain_image",),
    "simulate": ("trajectory",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'physics' has no attribute {name!r}")
    return getattr(importlib.import_module(f"physics.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
