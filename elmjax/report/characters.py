"""A walker in characters: springs and ground as dots of braille, for terminals and logs.

A character holds 2 x 4 dots, which are about square in a terminal.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from physics.polylines import Polylines

# Bits of the dots of a braille character, by row and column.
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_EMPTY = 0x2800
MARGIN = 1.0  # m beside and above the walker
LEAST_HEIGHT = 6.0  # m; a small walker is not drawn larger than this picture makes it


def in_characters(
    position: NDArray[np.floating],
    ends: NDArray[np.integer],
    ground: Polylines | None = None,
    *,
    columns: int = 36,
    rows: int = 9,
) -> list[str]:
    """Draws one walker.

    Args:
        position: [joints, 2] m.
        ends: [springs, 2] joints of every spring.
        ground: What it stands on; its floor is drawn.
        columns: Characters to a line.
        rows: Lines.

    Returns:
        `rows` lines of `columns` characters.
    """
    dots = np.zeros((4 * rows, 2 * columns), dtype=bool)
    if len(position) and np.isfinite(position).all():
        low, high = position.min(axis=0), position.max(axis=0)
        floor = low[1] if ground is None else min(low[1], _height(ground, (low[0] + high[0]) / 2))
        tall = max(high[1] - floor + MARGIN, LEAST_HEIGHT)
        wide = high[0] - low[0] + 2 * MARGIN
        scale = min((4 * rows - 2) / tall, (2 * columns - 1) / wide)  # dots a metre
        left = (low[0] + high[0]) / 2 - columns / scale

        def place(points: NDArray[np.floating]) -> NDArray[np.floating]:
            """Column and row of points, counted from the upper left."""
            return (points - [left, floor]) * [scale, -scale] + [0, 4 * rows - 2]

        if ground is not None:
            x = left + np.arange(2 * columns) / scale
            line = np.stack([x, [_height(ground, each) for each in x]], axis=1)
            _mark(dots, place(line))
        for start, end in place(position)[ends]:
            _mark(dots, _between(start, end))
        _mark(dots, place(position))
    return ["".join(map(chr, line)) for line in _characters(dots)]


def _height(ground: Polylines, x: float) -> float:
    floor = np.asarray(ground.floor, dtype=np.float64)
    return float(np.interp(x, floor[:, 0], floor[:, 1]))


def _between(start: NDArray[np.floating], end: NDArray[np.floating]) -> NDArray[np.floating]:
    steps = int(np.abs(end - start).max()) + 1
    return start + (end - start) * np.linspace(0.0, 1.0, steps + 1)[:, None]


def _mark(dots: NDArray[np.bool_], points: NDArray[np.floating]) -> None:
    column, row = np.rint(points).astype(int).T
    inside = (row >= 0) & (row < dots.shape[0]) & (column >= 0) & (column < dots.shape[1])
    dots[row[inside], column[inside]] = True


def _characters(dots: NDArray[np.bool_]) -> Iterable[list[int]]:
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    blocks = dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3)
    return (_EMPTY + (blocks * _DOTS).sum(axis=(2, 3))).tolist()
