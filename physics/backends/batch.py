"""What every backend is given: walkers on mixed terrains as NumPy arrays, and how they walk."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flax import struct

from physics.relief import no_relief
from physics.surface import empty_segment
from physics.types import Array, Relief, Terrain, Walker
from physics.world import World

# What a `Terrain` and a `Relief` hold one column of for each terrain, or joint.
GRID_FIELDS = ("origin", "cells_per_metre", "grid", "first_cell")


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
        relief=_join_reliefs(terrains, columns),
    )


def _join_reliefs(terrains: Sequence[Terrain], columns: np.ndarray) -> Relief | None:
    """The reliefs of terrains as their other tables; None where no terrain has one."""
    if all(terrain.relief is None for terrain in terrains):
        return None
    absent = no_relief()
    reliefs = [absent if terrain.relief is None else terrain.relief for terrain in terrains]
    cells = [relief.corners.shape[1] for relief in reliefs]
    corners = np.zeros((4, _power_of_two(sum(cells))), np.float32)
    corners[:, : sum(cells)] = np.concatenate([relief.corners for relief in reliefs], axis=1)
    first = np.cumsum([0, *cells[:-1]])

    def join(field: str) -> np.ndarray:
        return np.concatenate([getattr(relief, field) for relief in reliefs], -1)[..., columns]

    return Relief(
        corners=corners,
        origin=join("origin"),
        cells_per_metre=join("cells_per_metre"),
        grid=join("grid"),
        first_cell=(join("first_cell") + first[columns]).astype(np.int32),
    )


def spread(terrains: Terrain, terrain_of: Array) -> Terrain:
    """Joined terrains with one column of grid fields for each place in `terrain_of`.

    A single terrain stays as it is: its one column broadcasts.
    """
    if terrains.first_cell.shape[0] == 1:
        return terrains
    return with_columns(terrains, lambda field: field[..., terrain_of])


def with_columns(terrains: Terrain, change: Callable[[Array], Array]) -> Terrain:
    """Terrains whose grid fields, and those of their relief, a function has changed."""

    def changed(grid: Any) -> Any:
        return dataclasses.replace(
            grid, **{name: change(getattr(grid, name)) for name in GRID_FIELDS}
        )

    relief = None if terrains.relief is None else changed(terrains.relief)
    return dataclasses.replace(changed(terrains), relief=relief)


def _power_of_two(count: int) -> int:
    return 1 << (count - 1).bit_length()
