"""Terrains as the kernel reads them: what may be touched from each column of ground.

A column is a strip of the plane. It lists the segments that a joint in it may touch before it has
moved by `margin` along either axis, and the heights between which there is nothing to touch. The
kernel keeps what it looked up until a joint has moved that far (`source/ground.h`).
"""

import weakref
from collections.abc import Sequence

import numpy as np
from flax import struct

from physics.contact import DEPTH_LIMIT
from physics.surface import EXTENSION, NO_CORNER, segment_rows
from physics.types import Array, Terrain

# Wide enough that a look-up serves several steps, narrow enough that few joints are near anything.
MARGIN = 0.25  # m
WIDTH = 0.5  # m, of a column
_ROW = 8  # numbers that a segment takes up, of which the first six have a meaning
_FAR = 4.0 * EXTENSION


@struct.dataclass
class Columns:
    """Terrains, one behind another; every axis but that of the fields is padded."""

    columns: Array  # [terrains, 2] int32, the first column of a terrain and their number
    places: Array  # [terrains, 2] float32, x of the first column, m, and columns per metre
    entries: Array  # [columns, 2] int32, the first entry of a column and their number
    free: Array  # [2, columns] float32 m, heights between which nothing can be touched
    listed: Array  # [entries] int32, the segment of each entry, in the order of handling
    segments: Array  # [segments, 8] float32: the fields of `Terrain.segments`, and two zeros


def join_columns(terrains: Sequence[Terrain], radius: float) -> Columns:
    """The columns of several terrains for joints of a radius, m."""
    parts = [_columns_of(terrain, radius) for terrain in terrains]
    column, entry, segment = (
        np.cumsum([0, *(len(getattr(part, name)) for part in parts[:-1])], dtype=np.int32)
        for name in ("entries", "listed", "segments")
    )

    def join(name: str, shift: np.ndarray | None = None, axis: int = 0) -> np.ndarray:
        arrays = [getattr(part, name) for part in parts]
        if shift is not None:
            arrays = [array + by for array, by in zip(arrays, shift, strict=True)]
        return _pad(np.concatenate(arrays, axis), axis)

    # Only the first of two numbers shifts.
    one = np.array([1, 0], np.int32)
    return Columns(
        columns=join("columns", column[:, None, None] * one),
        places=join("places"),
        entries=join("entries", entry[:, None, None] * one),
        free=join("free", axis=1),
        listed=join("listed", segment),
        segments=join("segments"),
    )


def most_listed(columns: Columns) -> int:
    """Entries of the fullest column."""
    return int(columns.entries[:, 1].max())


_KNOWN: dict[tuple[int, float], Columns] = {}


def _columns_of(terrain: Terrain, radius: float) -> Columns:
    """The columns of one terrain, remembered for as long as the terrain lives."""
    key = (id(terrain), radius)
    if key not in _KNOWN:
        _KNOWN[key] = _build(terrain, radius)
        weakref.finalize(terrain, _KNOWN.pop, key, None)
    return _KNOWN[key]


def _build(terrain: Terrain, radius: float) -> Columns:
    rows = segment_rows(terrain)
    start_x = rows[:, 0].astype(np.float64)
    inner = start_x[np.abs(start_x) < EXTENSION / 2.0]
    # A single segment is level ground, everywhere the same.
    left, right = (inner.min(), inner.max()) if len(inner) and len(rows) > 1 else (0.0, 0.0)
    reach = radius + 2.0 * MARGIN
    left, right = left - reach, right + reach
    count = int(np.ceil((right - left) / WIDTH)) if len(rows) > 1 else 1
    edges = left + WIDTH * np.arange(count + 1)
    edges[[0, -1]] = -_FAR, _FAR

    box = _zone_boxes(rows, radius)
    first, last = (
        np.clip(np.floor((bound - left) / WIDTH).astype(int), 0, count - 1)
        for bound in (box[:, 0, 0] - 1e-3, box[:, 0, 1] + 1e-3)
    )
    number = last - first + 1
    segment = np.repeat(np.arange(len(rows)), number)
    column = np.arange(len(segment)) - np.repeat(np.cumsum(number) - number - first, number)
    order = np.lexsort((segment, column))
    segment, column = segment[order], column[order]
    listed = np.bincount(column, minlength=count)
    entries = np.stack([np.cumsum(listed) - listed, listed], axis=1)
    low, high = _heights(rows[segment], box[segment, 1], edges[column], edges[column + 1], radius)
    padded = np.zeros((len(rows), _ROW), np.float32)
    padded[:, :6] = rows
    return Columns(
        columns=np.array([[0, count]], np.int32),
        places=np.array([[left, 1.0 / WIDTH]], np.float32),
        entries=entries.astype(np.int32),
        free=_free(rows[segment, 2], low, high, column, count).astype(np.float32),
        listed=segment.astype(np.int32),
        segments=padded,
    )


def _zone(rows: np.ndarray, radius: float) -> tuple[np.ndarray, tuple[float, float]]:
    """From where segments may be touched: along each, [segments, 2] m, and beside it, m."""
    reach = 2.0 * MARGIN
    rounding = np.where(rows[:, 5] < NO_CORNER, radius, 0.0)
    along = np.stack([np.full(len(rows), -reach), rows[:, 4] + rounding + reach], axis=1)
    return along, (-DEPTH_LIMIT * radius - reach, radius + reach)


def _zone_boxes(rows: np.ndarray, radius: float) -> np.ndarray:
    """Smallest and largest x and y of the zones, [segments, 2, 2] m."""
    start, tangent = rows[:, None, 0:2].astype(np.float64), rows[:, None, 2:4].astype(np.float64)
    along, side = _zone(rows, radius)
    normal = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
    corners = start + np.repeat(along, 2, axis=1)[..., None] * tangent
    corners = corners + np.tile(side, 2)[:, None] * normal
    return np.stack([corners.min(axis=1), corners.max(axis=1)], axis=2)


def _heights(
    rows: np.ndarray, box: np.ndarray, left: np.ndarray, right: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest points of segments' zones within their columns, [entries] m each."""
    start_x, start_y, tangent_x, tangent_y = rows[:, :4].astype(np.float64).T
    steep = np.abs(tangent_x) < 1e-3
    level = np.where(steep, 1.0, tangent_x)
    _, side = _zone(rows, radius)
    ends = np.stack([left, right]) - start_x
    lines = [start_y + ends * tangent_y / level + beside / level for beside in side]
    low, high = np.min(lines, axis=(0, 1)), np.max(lines, axis=(0, 1))
    return (
        np.where(steep, box[:, 0], np.maximum(low, box[:, 0])),
        np.where(steep, box[:, 1], np.minimum(high, box[:, 1])),
    )


def _free(
    tangent_x: np.ndarray, low: np.ndarray, high: np.ndarray, column: np.ndarray, count: int
) -> np.ndarray:
    """Heights between which each column is free, [2, columns] m."""
    floor, roof = np.full(count, -np.inf), np.full(count, np.inf)
    # The floor lies below, ceilings above; a face belongs to whichever it touches, floor first.
    for kind, from_below in ((tangent_x > 0.0, True), (tangent_x < 0.0, False)):
        if from_below:
            np.maximum.at(floor, column[kind], high[kind])
        else:
            np.minimum.at(roof, column[kind], low[kind])
    faces = tangent_x == 0.0
    rises = faces & (low <= floor[column])
    np.maximum.at(floor, column[rises], high[rises])
    hangs = faces & ~rises
    np.minimum.at(roof, column[hangs], low[hangs])
    return np.stack([floor, roof]) + np.array([[1e-3], [-1e-3]])


def _pad(array: np.ndarray, axis: int) -> np.ndarray:
    """With zeros up to a power of two along an axis, so that few programs are compiled."""
    size = array.shape[axis]
    width = [(0, 0)] * array.ndim
    width[axis] = (0, (1 << (size - 1).bit_length()) - size)
    return np.pad(array, width)
