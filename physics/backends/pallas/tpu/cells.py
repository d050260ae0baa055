"""Terrains as the kernel for TPUs looks them up: cells, in groups of as many as there are lanes.

The kernel finds the segments that a joint may touch by permuting a row of 128 cells, every few
steps only. So a cell lists what may be touched until the next look, and grids are chosen for what
a step costs: few candidates, and few groups where walkers are.
"""

import dataclasses
import itertools
import weakref
from collections.abc import Sequence

import numpy as np
from flax import struct

from physics.surface import (
    EXTENSION,
    FASTEST_JOINT,
    REACH,
    Grid,
    Segments,
    candidate_count,
    cell_table,
    empty_segment,
    reachable,
    segment_rows,
)
from physics.types import Array, Terrain
from physics.world import World

LANES = 128
# A look costs about as much as a candidate does in so many steps, and so do more candidates where
# they must serve for longer: four steps suit rough ground best.
STEPS_PER_LOOK = 4
# Bundles, as the compiler counts them: a candidate in a step, and the fields of one, of one group
# of cells, in a look.
_STEP_COST, _LOOK_COST = 52.0, 38.0
_SPREAD = 20.0  # m, ground that the walkers of a block stand on at a time
_WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # m, of a column of cells
_ROWS = (1, 2, 4, 8)

# The fields of `Cells.places`.
LEFT, BOTTOM, ACROSS, UPWARD, LAST_COLUMN, LAST_ROW, FIRST_GROUP, LEVEL, PLACE_FIELDS = range(9)


@struct.dataclass
class Cells:
    """Terrains, one behind another."""

    # The fields of the segments of each cell's candidates, in the order of handling.
    groups: Array  # [groups, candidates * 6, LANES] float32
    # Of each terrain: lower left end (m) and cells per metre of the grid, its last column and row,
    # its first group, and the height of joints on it where it is nothing but level ground (m).
    places: Array  # [terrains, PLACE_FIELDS] float32
    counts: Array  # [terrains] int32, groups of each
    level: Array  # [terrains] bool: nothing but level ground


def travel_of(world: World) -> float:
    """How far a joint may move from a look to the last step that relies on it, m."""
    return (STEPS_PER_LOOK - 1) * FASTEST_JOINT * world.time_step


def join_cells(terrains: Sequence[Terrain], world: World) -> Cells:
    """The cells of several terrains; groups are padded to a power of two."""
    parts = [_cells_of(terrain, world) for terrain in terrains]
    most = max(part.groups.shape[1] for part in parts)
    first = np.cumsum([0, *(len(part.groups) for part in parts)])
    nothing = np.tile(empty_segment(), most // 6)[:, None]
    size = power_of_two(int(first[-1]))
    groups = np.tile(nothing, (size, 1, LANES)).astype(np.float32)
    places = np.concatenate([part.places for part in parts])
    places[:, FIRST_GROUP] = first[:-1]
    for start, part in zip(first, parts, strict=False):
        groups[start : start + len(part.groups), : part.groups.shape[1]] = part.groups
    return Cells(
        groups=groups,
        places=places,
        counts=np.diff(first).astype(np.int32),
        level=np.concatenate([part.level for part in parts]),
    )


def power_of_two(count: int) -> int:
    """The smallest that is not less: few sizes are few programs."""
    return 1 << (count - 1).bit_length()


_KNOWN: dict[tuple[int, World], Cells] = {}


def _cells_of(terrain: Terrain, world: World) -> Cells:
    """The cells of one terrain, remembered for as long as the terrain lives."""
    key = (id(terrain), world)
    if key not in _KNOWN:
        _KNOWN[key] = _build(terrain, world)
        weakref.finalize(terrain, _KNOWN.pop, key, None)
    return _KNOWN[key]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Choice:
    grid: Grid
    cell: np.ndarray  # pairs of a cell
    segment: np.ndarray  # and a segment that it lists

    @property
    def cost(self) -> float:
        """Of a step, in bundles."""
        columns, rows = self.grid.shape
        group = LANES / rows * self.grid.size[0]
        groups = min(columns * rows / LANES, 1.0 + _SPREAD / group)
        look = _LOOK_COST * groups / STEPS_PER_LOOK
        return candidate_count(self.cell) * (_STEP_COST + look)


def _build(terrain: Terrain, world: World) -> Cells:
    rows = segment_rows(terrain).astype(np.float64)
    segments = Segments(
        start=rows[:, 0:2], tangent=rows[:, 2:4], length=rows[:, 4], corner=rows[:, 5]
    )
    travel = travel_of(world)
    choices = (
        _Choice(grid=grid, cell=cell, segment=segment)
        for grid in _grids(segments)
        for cell, segment in [reachable(segments, grid, travel=travel)]
    )
    best = min(choices, key=lambda choice: choice.cost)
    columns, levels = best.grid.shape
    table = cell_table(segments, best.cell, best.segment, columns * levels)
    groups = table.reshape(-1, columns * levels // LANES, LANES).swapaxes(0, 1)
    # A single segment is level ground.
    height = rows[0, 1] + world.joint_radius
    place = [*best.grid.origin, *(1.0 / best.grid.size), columns - 1, levels - 1, 0, height]
    return Cells(
        groups=groups,
        places=np.array([place], np.float32),
        counts=np.array([len(groups)], np.int32),
        level=np.array([len(segments.length) == 1]),
    )


def _grids(segments: Segments) -> list[Grid]:
    """Grids of whole groups, of which one has the start, x = 0, in its middle."""
    inner = segments.start[np.abs(segments.start[:, 0]) < EXTENSION / 2.0, 0]
    farthest = np.abs(inner).max(initial=0.0) + 2.0 * REACH
    bottom = segments.start[:, 1].min() - 2.0 * REACH
    height = segments.start[:, 1].max() + 2.0 * REACH - bottom
    grids = []
    for width, rows in itertools.product(_WIDTHS, _ROWS):
        group = LANES // rows
        on_each_side = max(0, int(np.ceil(farthest / (group * width) - 0.5)))
        columns = (2 * on_each_side + 1) * group
        grids.append(
            Grid(
                origin=np.array([-0.5 * columns * width, bottom]),
                size=np.array([width, height / rows]),
                shape=np.array([columns, rows]),
            )
        )
    return grids
