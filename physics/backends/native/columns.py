"""Terrains as the kernel reads them: what may be touched from each column of ground.

A column is a strip of the plane. It lists the segments that a joint in it may touch, and the boxes
that a joint may move in while all it can touch is level ground of one height, or nothing at all:
most joints stand in such a box for many steps (`source/ground.h`). All this holds for some way
around a column or box as well, as far as a joint may get between looks.
"""

import dataclasses
import math
import weakref
from collections.abc import Sequence

import numpy as np
from flax import struct
from numpy.lib.stride_tricks import sliding_window_view

from physics.contact import DEPTH_LIMIT
from physics.surface import EXTENSION, FASTEST_JOINT, NO_CORNER, segment_rows
from physics.types import Array, Terrain
from physics.world import World

# Half the size of the box of a joint near rough ground: steps at its speed, within limits. Larger
# ones last longer and list more.
BOX_STEPS = 8.0
LEAST_BOX = 0.35  # m
MOST_BOX = 1.5  # steps of the fastest joint; more than one, so that none steps out of a new box
LEAD = 16.0  # steps, how far ahead of a joint the middle of its box is, as far as the box allows
CHECK_INTERVAL = 2  # steps between looks at whether joints have left all other boxes
ROUNDING = 1e-3  # m, more than float32 errs by at the edges of boxes
WIDTH = 0.5  # m, of a column
FREE_COLUMNS = 8  # on either side, that a box without ground spans
_OUTER = 0.9 * EXTENSION  # m, how far the outermost columns go on


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Sizes:
    radius: float  # m, of a joint
    reach: float  # m, see `reach_of`


@struct.dataclass
class Columns:
    """Terrains, one behind another; numbers of columns, entries and segments count within each."""

    # The first column of a terrain and their number, its first entry and its first segment.
    terrains: Array  # [terrains, 4] int32
    places: Array  # [terrains, 2] float32, x of the first column, m, and columns per metre
    # The first entry and their number, the segment of level ground or -1, and a zero.
    entries: Array  # [columns, 4] int32
    # The box over level ground: left, right, roof; that of nothing at all: left, right, floor,
    # roof; and a zero. Empty where there is none.
    bounds: Array  # [columns, 8] float32 m
    listed: Array  # [entries] int32, the segment of each entry, in the order of handling
    segments: Array  # [segments, 8] float32: the fields of `Terrain.segments`, and two zeros


def most_box(world: World) -> float:
    """Half the size of the largest box of a joint near rough ground, m."""
    return max(LEAST_BOX, MOST_BOX * FASTEST_JOINT * world.time_step)


def reach_of(world: World) -> float:
    """How far from any box, or from the middle of a small one, m, beside the radius."""
    return max(
        math.sqrt(2.0) * most_box(world) + ROUNDING,
        CHECK_INTERVAL * FASTEST_JOINT * world.time_step,
    )


def join_columns(terrains: Sequence[Terrain], world: World) -> Columns:
    """The columns of several terrains.

    Every axis is padded to a power of two, so that few programs are compiled.
    """
    sizes = _Sizes(radius=world.joint_radius, reach=reach_of(world))
    parts = [_columns_of(terrain, sizes) for terrain in terrains]

    def first(name: str) -> np.ndarray:
        return np.cumsum([0, *(len(getattr(part, name)) for part in parts[:-1])])

    def join(name: str) -> np.ndarray:
        return _pad(np.concatenate([getattr(part, name) for part in parts]))

    counts = [len(part.entries) for part in parts]
    table = np.stack([first("entries"), counts, first("listed"), first("segments")], axis=1)
    names = ("places", "entries", "bounds", "listed", "segments")
    return Columns(terrains=_pad(table.astype(np.int32)), **{name: join(name) for name in names})


def most_listed(columns: Columns) -> int:
    """Entries of the fullest column."""
    return int(columns.entries[:, 1].max())


_KNOWN: dict[tuple[int, _Sizes], Columns] = {}


def _columns_of(terrain: Terrain, sizes: _Sizes) -> Columns:
    """The columns of one terrain, remembered for as long as the terrain lives."""
    key = (id(terrain), sizes)
    if key not in _KNOWN:
        _KNOWN[key] = _build(terrain, sizes)
        weakref.finalize(terrain, _KNOWN.pop, key, None)
    return _KNOWN[key]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Entries:
    """Which segments are listed in which columns, by column and then in the order of handling."""

    column: np.ndarray
    segment: np.ndarray
    low: np.ndarray  # m, lowest point from where the segment may be touched in the column
    high: np.ndarray  # m, highest


def _build(terrain: Terrain, sizes: _Sizes) -> Columns:
    rows = segment_rows(terrain).astype(np.float64)
    edges = _edges(rows[:, 0], sizes)
    count = len(edges) - 1
    entries = _list_entries(rows, edges, sizes)
    floor, roof, below = _free_heights(rows[entries.segment, 2], entries, count)
    listed = np.bincount(entries.column, minlength=count)
    level = _level_segments(rows, entries, below, edges, sizes.reach)
    zero = np.zeros(count)
    return Columns(
        terrains=np.zeros((1, 4), np.int32),
        places=np.array([[edges[1] - WIDTH, 1.0 / WIDTH]], np.float32),
        entries=np.stack([np.cumsum(listed) - listed, listed, level, zero], 1).astype(np.int32),
        bounds=np.stack(
            [*_level_boxes(level, roof, edges), *_free_boxes(floor, roof, edges), zero], axis=1
        ).astype(np.float32),
        listed=entries.segment.astype(np.int32),
        segments=np.pad(rows.astype(np.float32), ((0, 0), (0, 2))),
    )


def _edges(start_x: np.ndarray, sizes: _Sizes) -> np.ndarray:
    """Between columns, [columns + 1] m: all that is not level floor lies between the outermost."""
    inner = start_x[np.abs(start_x) < EXTENSION / 2.0]
    # A single segment is level ground, everywhere the same.
    left, right = (inner.min(), inner.max()) if len(start_x) > 1 else (0.0, 0.0)
    left, right = (
        left - sizes.radius - sizes.reach - WIDTH,
        right + sizes.radius + sizes.reach + WIDTH,
    )
    inside = np.arange(left, right + WIDTH, WIDTH)
    return np.array([left - _OUTER, *inside, inside[-1] + _OUTER])


def _list_entries(rows: np.ndarray, edges: np.ndarray, sizes: _Sizes) -> _Entries:
    along, side = _zone(rows, sizes)
    tangent = rows[:, None, 2:4]
    normal = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
    corners = rows[:, None, 0:2] + np.repeat(along, 2, axis=1)[..., None] * tangent
    corners = corners + np.tile(side, 2)[:, None] * normal
    least, most = corners.min(axis=1), corners.max(axis=1)
    # The kernel rounds to float32 before it looks up a column.
    last_column = len(edges) - 2
    first, last = (
        np.clip(np.searchsorted(edges, x, side="right") - 1, 0, last_column)
        for x in (least[:, 0] - 1e-3, most[:, 0] + 1e-3)
    )
    count = last - first + 1
    segment = np.repeat(np.arange(len(rows)), count)
    column = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count - first, count)
    order = np.lexsort((segment, column))
    segment, column = segment[order], column[order]
    # A slanted zone is lower or higher within a column than as a whole.
    start_x, start_y, tangent_x, tangent_y = rows[segment, :4].T
    steep = np.abs(tangent_x) < 1e-3
    slope = np.where(steep, 1.0, tangent_x)
    ahead = np.stack([edges[column], edges[column + 1]]) - start_x
    lines = np.stack([start_y + (ahead * tangent_y + beside) / slope for beside in side])
    low, high = lines.min(axis=(0, 1)), lines.max(axis=(0, 1))
    return _Entries(
        column=column,
        segment=segment,
        low=np.where(steep, least[segment, 1], np.maximum(low, least[segment, 1])) - 1e-3,
        high=np.where(steep, most[segment, 1], np.minimum(high, most[segment, 1])) + 1e-3,
    )


def _zone(rows: np.ndarray, sizes: _Sizes) -> tuple[np.ndarray, tuple[float, float]]:
    """From where segments may be touched: along each, [segments, 2] m, and beside it, m."""
    radius, reach = sizes.radius, sizes.reach
    rounding = np.where(rows[:, 5] < NO_CORNER, radius, 0.0)
    along = np.stack([np.full(len(rows), -reach), rows[:, 4] + rounding + reach], axis=1)
    return along, (-DEPTH_LIMIT * radius - reach, radius + reach)


def _free_heights(
    tangent_x: np.ndarray, entries: _Entries, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heights between which each column is free, and which entries lie below, [entries] bool."""
    floor, roof = np.full(count, -np.inf), np.full(count, np.inf)
    ground, ceiling = tangent_x > 0.0, tangent_x < 0.0
    np.maximum.at(floor, entries.column[ground], entries.high[ground])
    # A face belongs to the floor where the two meet, else to a ceiling.
    face = ~ground & ~ceiling
    rises = face & (entries.low <= floor[entries.column])
    hangs = ceiling | (face & ~rises)
    np.maximum.at(floor, entries.column[rises], entries.high[rises])
    np.minimum.at(roof, entries.column[hangs], entries.low[hangs])
    return floor, roof, ~hangs


def _level_segments(
    rows: np.ndarray, entries: _Entries, below: np.ndarray, edges: np.ndarray, reach: float
) -> np.ndarray:
    """The segment of each column whose floor is level and does not end near it, or -1."""
    column, segment = entries.column[below], entries.segment[below]
    count = len(edges) - 1
    alone = np.bincount(column, minlength=count)[column] == 1
    start_x, length = rows[segment, 0], rows[segment, 4]
    level = (rows[segment, 2] == 1.0) & (rows[segment, 3] == 0.0)
    inside = (start_x + reach <= edges[column]) & (edges[column + 1] <= start_x + length - reach)
    found = np.full(count, -1)
    chosen = alone & level & inside
    found[column[chosen]] = segment[chosen]
    return found


def _level_boxes(level: np.ndarray, roof: np.ndarray, edges: np.ndarray) -> list[np.ndarray]:
    """Left, right and roof of the boxes over level ground, each [columns] m."""
    # A run of columns with one floor and one roof is one box.
    same = (np.diff(level) == 0) & (roof[1:] == roof[:-1])
    run = np.cumsum(np.concatenate([[0], ~same]))
    left, right = np.searchsorted(run, run), np.searchsorted(run, run, side="right")
    return [edges[left], edges[right], np.minimum(roof, _OUTER)]


def _free_boxes(floor: np.ndarray, roof: np.ndarray, edges: np.ndarray) -> list[np.ndarray]:
    """Left, right, floor and roof of the boxes without ground, each [columns] m."""

    def over_neighbours(heights: np.ndarray) -> np.ndarray:
        padded = np.pad(heights, FREE_COLUMNS, mode="edge")
        return sliding_window_view(padded, 2 * FREE_COLUMNS + 1)

    column = np.arange(len(floor))
    return [
        edges[np.maximum(column - FREE_COLUMNS, 0)],
        edges[np.minimum(column + FREE_COLUMNS, len(floor) - 1) + 1],
        over_neighbours(floor).max(axis=1),
        np.minimum(over_neighbours(roof).min(axis=1), _OUTER),
    ]


def _pad(array: np.ndarray) -> np.ndarray:
    size = len(array)
    more = (1 << (size - 1).bit_length()) - size
    return np.pad(array, ((0, more), *[(0, 0)] * (array.ndim - 1)))
