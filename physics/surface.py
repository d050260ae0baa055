"""From polylines to the tables that contact reads: segments, listed by the cells of a grid.

Only the segments that a joint in a cell can touch within a step are its candidates, so a step costs
the same on a hundred metres of hills as on a metre. The number of candidates is the same in every
cell and decides the compiled program: the coarsest grid with the fewest candidates is chosen.
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from physics.types import Relief, Terrain

# A joint's centre may stand this far from a surface and still touch it within a step: a radius of
# 0.3 m and 72 m/s at 240 Hz.
REACH = 0.6  # m
FASTEST_JOINT = 30.0  # m/s, speed at which contact must still hold
DEPTH = 0.3  # m, how far below a surface its cells still list it
EXTENSION = 1000.0  # m, how far the floor goes on, flat, from its two ends
FINEST_CELL = 0.25  # m
MOST_ROWS = 32
# `corner` of a segment whose end is concave or open, and its limit where the turn is slight.
NO_CORNER = 1e9
BLUNTEST_CORNER = 1e4


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Segments:
    """Directed surface segments; free space lies on their left."""

    start: np.ndarray  # [segments, 2] m
    tangent: np.ndarray  # [segments, 2] unit vectors
    length: np.ndarray  # [segments] m
    corner: np.ndarray  # [segments] cotangent of the convex turn at the end, or NO_CORNER

    @property
    def table(self) -> np.ndarray:
        """The rows of `Terrain.segments`, [6, segments] float32."""
        rows = (*self.start.T, *self.tangent.T, self.length, self.corner)
        return np.stack(rows).astype(np.float32)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Cells, numbered column by column; those at the rim extend to infinity."""

    origin: np.ndarray  # [2] m
    size: np.ndarray  # [2] m, of a cell
    shape: np.ndarray  # [2] columns and rows


def segments_of(floor: np.ndarray, ceilings: Sequence[np.ndarray]) -> Segments:
    """All segments of a terrain, [n, 2] m polylines from left to right."""
    extension = np.array([EXTENSION, 0.0])
    whole_floor = np.stack([floor[0] - extension, *floor, floor[-1] + extension])
    # Ceilings are free on their right: reversed, they are free on their left like the floor.
    chains = [whole_floor, *(ceiling[::-1] for ceiling in ceilings)]
    parts = [_chain_segments(_without_straight_points(chain)) for chain in chains]
    return Segments(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in dataclasses.fields(Segments)
        }
    )


def build_terrain(floor: np.ndarray, ceilings: Sequence[np.ndarray]) -> Terrain:
    """Tables for the contacts of a terrain given by valid polylines, [n, 2] m each."""
    segments = segments_of(floor, ceilings)
    grid, cell, segment = min(
        ((grid, *reachable(segments, grid)) for grid in _grids(segments)),
        key=lambda choice: (candidate_count(choice[1]), int(np.prod(choice[0].shape))),
    )
    return Terrain(
        segments=cell_table(segments, cell, segment, int(np.prod(grid.shape))),
        origin=grid.origin[:, None].astype(np.float32),
        cells_per_metre=(1.0 / grid.size)[:, None].astype(np.float32),
        grid=grid.shape[:, None].astype(np.int32),
        first_cell=np.zeros(1, np.int32),
        floor=np.ascontiguousarray(floor.T, np.float32),
    )


def groundless(floor: np.ndarray, relief: Relief) -> Terrain:
    """A terrain without segments, whose only ground is a relief.

    Args:
        floor: The relief's section, [n, 2] m.
        relief: The ground.
    """
    return Terrain(
        segments=empty_segment()[None, :, None],
        origin=np.zeros((2, 1), np.float32),
        cells_per_metre=np.ones((2, 1), np.float32),
        grid=np.ones((2, 1), np.int32),
        first_cell=np.zeros(1, np.int32),
        floor=np.ascontiguousarray(floor.T, np.float32),
        relief=relief,
    )


def _without_straight_points(points: np.ndarray) -> np.ndarray:
    """Drops repeated points and points on the straight line between their neighbours."""
    kept: list[np.ndarray] = []
    for point in points:
        if kept and np.array_equal(kept[-1], point):
            continue
        if len(kept) >= 2:
            before, after = kept[-1] - kept[-2], point - kept[-1]
            turn = before[0] * after[1] - before[1] * after[0]
            if turn == 0.0 and before @ after > 0.0:
                kept.pop()
        kept.append(point)
    return np.stack(kept)


def _chain_segments(points: np.ndarray) -> Segments:
    offset = np.diff(points, axis=0)
    length = np.hypot(offset[:, 0], offset[:, 1])
    tangent = offset / length[:, None]
    before, after = tangent[:-1], tangent[1:]
    sine = before[:, 1] * after[:, 0] - before[:, 0] * after[:, 1]  # positive where convex
    cosine = np.sum(before * after, axis=1)
    cotangent = np.minimum(cosine / np.where(sine > 0.0, sine, 1.0), BLUNTEST_CORNER)
    corner = np.append(np.where(sine > 0.0, cotangent, NO_CORNER), NO_CORNER)
    return Segments(start=points[:-1], tangent=tangent, length=length, corner=corner)


def _grids(segments: Segments) -> list[Grid]:
    """Grids to choose from; they span the inner vertices, and their rims extend to infinity."""
    if len(segments.length) == 1:
        return [Grid(origin=np.zeros(2), size=np.ones(2), shape=np.ones(2, int))]
    inner = np.abs(segments.start[:, 0]) < EXTENSION / 2.0
    x, y = segments.start[inner, 0], segments.start[:, 1]
    lower = np.array([x.min(), y.min()]) - 2.0 * REACH
    upper = np.array([x.max(), y.max()]) + 2.0 * REACH
    finest = int(np.ceil((upper[0] - lower[0]) / FINEST_CELL))
    columns = [2**power for power in range(finest.bit_length()) if 2**power < finest] + [finest]
    rows = [2**power for power in range(MOST_ROWS.bit_length())]
    shapes = (np.array(shape) for shape in itertools.product(columns, rows))
    return [Grid(origin=lower, size=(upper - lower) / shape, shape=shape) for shape in shapes]


def reachable(
    segments: Segments, grid: Grid, *, travel: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a cell and a segment that a joint in this cell may touch.

    Args:
        segments: All of a terrain.
        grid: The cells.
        travel: How far the joint may have moved since it was in the cell, m.
    """
    along, side = _contact_zone(segments, travel)
    corners = _zone_corners(segments, along, side)
    first = _clip_cells(np.floor((corners.min(axis=1) - grid.origin) / grid.size), grid)
    last = _clip_cells(np.floor((corners.max(axis=1) - grid.origin) / grid.size), grid)
    counts = np.prod(last - first + 1, axis=1)
    segment = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(segment)) - (np.cumsum(counts) - counts)[segment]
    rows = (last - first + 1)[segment, 1]
    column = first[segment, 0] + place // rows
    row = first[segment, 1] + place % rows
    # The bounding box of a slanted zone also covers cells that the zone itself misses: separate
    # the two along the zone's own axes.
    lower, upper = _cell_bounds(np.stack([column, row], axis=1), grid)
    tangent = segments.tangent[segment]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    touches = np.ones(len(segment), bool)
    for axis, zone in ((tangent, along[segment]), (normal, side)):
        start = np.sum(axis * segments.start[segment], axis=1)
        least = np.sum(np.where(axis > 0.0, axis * lower, axis * upper), axis=1) - start
        most = np.sum(np.where(axis > 0.0, axis * upper, axis * lower), axis=1) - start
        touches &= (most >= zone[..., 0]) & (least <= zone[..., 1])
    return (column * grid.shape[1] + row)[touches], segment[touches]


def _contact_zone(segments: Segments, travel: float) -> tuple[np.ndarray, np.ndarray]:
    """Where centres may touch: extents along each segment, [segments, 2] m, and beside it."""
    turn = np.arctan2(1.0, segments.corner)
    rounding = np.where(segments.corner < NO_CORNER, np.sin(np.minimum(turn, np.pi / 2.0)), 0.0)
    end = segments.length + REACH * rounding
    along = np.stack([np.full_like(end, -travel), end + travel], axis=1)
    return along, np.array([-DEPTH - travel, REACH + travel])


def _zone_corners(segments: Segments, along: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Corners of the contact zones, [segments, 4, 2] m."""
    tangent = segments.tangent[:, None]
    normal = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
    s, w = np.repeat(along, 2, axis=1)[..., None], np.tile(side, 2)[:, None]
    return segments.start[:, None] + s * tangent + w * normal


def _clip_cells(index: np.ndarray, grid: Grid) -> np.ndarray:
    return np.clip(index.astype(int), 0, grid.shape - 1)


def _cell_bounds(index: np.ndarray, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corners of cells; those at the rim extend far beyond any segment."""
    far = 4.0 * EXTENSION
    lower = np.where(index == 0, -far, grid.origin + index * grid.size)
    upper = np.where(index == grid.shape - 1, far, grid.origin + (index + 1) * grid.size)
    # Rounding may put a joint in a neighbouring cell.
    return lower - 1e-3, upper + 1e-3


def candidate_count(cell: np.ndarray) -> int:
    """Segments of the fullest cell."""
    return int(np.bincount(cell).max())


def cell_table(segments: Segments, cell: np.ndarray, segment: np.ndarray, cells: int) -> np.ndarray:
    """The table of `Terrain.segments`, [candidates, 6, cells], of what `reachable` gave."""
    # Floors before faces before ceilings, whichever way the terrain runs: the order in which
    # candidates are handled must not tell left from right.
    order = np.lexsort((segment, -segments.tangent[segment, 0], cell))
    cell, segment = cell[order], segment[order]
    place = np.arange(len(cell)) - np.searchsorted(cell, cell)
    table = np.repeat(empty_segment()[None, :, None], place.max() + 1, axis=0)
    table = np.repeat(table, cells, axis=2)
    table[place, :, cell] = segments.table.T[segment]
    return table


def segment_rows(terrain: Terrain) -> np.ndarray:
    """All segments of a terrain's tables once, [segments, 6], in the order they are handled in."""
    # Every cell lists its candidates, so a segment stands in many; padding has no length.
    rows = np.unique(np.asarray(terrain.segments).transpose(0, 2, 1).reshape(-1, 6), axis=0)
    rows = rows[rows[:, 4] > 0.0]
    return rows[np.argsort(-rows[:, 2], kind="stable")]


def empty_segment() -> np.ndarray:
    """A segment that nothing can touch, [6] float32: it pads the candidates of a cell."""
    return np.array([0.0, 0.0, 1.0, 0.0, -1.0, NO_CORNER], np.float32)
