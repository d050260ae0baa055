"""Terrains that go together, by a name that may stand among `conditional.terrains`."""

from collections.abc import Collection, Mapping, Sequence

TERRAIN_SETS: Mapping[str, tuple[str, ...]] = {
    # The paper's two; no walker of it does well on all terrains of one.
    "walls_tunnel": ("left_wall", "right_wall", "tunnel"),
    "walls_bumpy": ("left_wall", "right_wall", "bumpy"),
    "walls_tunnel_flat": ("left_wall", "right_wall", "tunnel", "flat"),
    "walls_bumpy_flat": ("left_wall", "right_wall", "bumpy", "flat"),
    "courses": ("hills", "steps", "gaps", "poet"),
}


def expanded(names: Sequence[str], configured: Collection[str] = ()) -> list[str]:
    """Names with every set replaced by its terrains, in order.

    Args:
        names: Of terrains and sets.
        configured: Terrains of the configuration's own; one called as a set is meant before it.
    """
    return [
        each
        for name in names
        for each in ((name,) if name in configured else TERRAIN_SETS.get(name, (name,)))
    ]
