"""Sets of terrains that the experiment trains on. Imports nothing heavy."""

from collections.abc import Mapping

from elmjax.config import TERRAIN_SETS

# Of those with walls, without that word: names of conditions, their folders and their seeds.
DISTRIBUTIONS: Mapping[str, tuple[str, ...]] = {
    name.removeprefix("walls_"): terrains
    for name, terrains in TERRAIN_SETS.items()
    if name.startswith("walls_")
}
