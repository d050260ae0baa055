"""What every backend is given: walkers on mixed terrains as NumPy arrays, and how they walk."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from flax import struct

from physics.surface import empty_segment
from physics.types import Array, Terrain, Walker
from physics.world import World


@struct.dataclass
class Batch:
    """Walkers and the terrains they stand on."""

    walkers: Walker  # with a leading batch axis, wired by `Indices`
    terrains: Any  # the distinct terrains, from `join_terrains` or as another backend needs them
    # Each walker's place among them, [batch] int32; -1 in the last rows, where they are no walkers.
    terrain_of: Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class Episode:
    """A walk's world and length: what is compiled into a program."""

    world: World
    steps: int
    interval: int  # steps between samples

    @property
    def seconds(self) -> float:
        """Length of the walk, s."""
        return self.steps * self.world.time_step


def join_terrains(terrains: Sequence[Terrain]) -> Terrain:
    """Stands the tables of terrains one behind another, one column of grid fields per terrain.

    Cells and terrains are padded to powers of two, so that few programs are compiled.
    """
    candidates = max(terrain.segments.shape[0] for terrain in terrains)
    cells = [terrain.segments.shape[2] for terrain in terrains]
    segments = np.tile(empty_segment()[:, None], (candidates, 1, _power_of_two(sum(cells))))
    first = np.cumsum([0, *cells[:-1]])
    for start, terrain in zip(first, terrains, strict=True):
        here = slice(start, start + terrain.segments.shape[2])
        segments[: terrain.segments.shape[0], :, here] = terrain.segments
    columns = np.arange(_power_of_two(len(terrains))) % len(terrains)

    def join(field: str) -> np.ndarray:
        return np.concatenate([getattr(terrain, field) for terrain in terrains], -1)[..., columns]

    return Terrain(
        segments=segments,
        origin=join("origin"),
        cells_per_metre=join("cells_per_metre"),
        grid=join("grid"),
        first_cell=(join("first_cell") + first[columns]).astype(np.int32),
        floor=np.zeros((2, 0), np.float32),  # walkers are placed already
    )


def spread(terrains: Terrain, terrain_of: Array) -> Terrain:
    """Joined terrains with one column of grid fields for each place in `terrain_of`.

    A single terrain stays as it is: its one column broadcasts.
    """
    if terrains.first_cell.shape[0] == 1:
        return terrains
    return dataclasses.replace(
        terrains,
        origin=terrains.origin[:, terrain_of],
        cells_per_metre=terrains.cells_per_metre[:, terrain_of],
        grid=terrains.grid[:, terrain_of],
        first_cell=terrains.first_cell[terrain_of],
    )


def _power_of_two(count: int) -> int:
    return 1 << (count - 1).bit_length()
