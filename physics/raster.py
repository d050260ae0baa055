"""The picture of a terrain: how much of each pixel is solid.

Rows run from the top down, as in an image.
"""

import numpy as np

from physics.polylines import Polylines
from physics.surface import segment_rows, segments_of
from physics.types import Terrain

# Sample columns per pixel; within a column the covered height is exact.
COLUMNS_PER_PIXEL = 4
VIEW = (-32.0, 32.0, -2.0, 22.0)  # m: left, right, bottom, top; holds the named terrains' faces


def terrain_image(
    terrain: Polylines | Terrain,
    *,
    height: int = 64,
    width: int = 192,
    view: tuple[float, float, float, float] = VIEW,
) -> np.ndarray:
    """Draws what is solid: below the floor, above the ceilings.

    Args:
        terrain: The terrain.
        height: Rows of the image.
        width: Columns of the image.
        view: Left, right, bottom and top of the part shown, m.

    Returns:
        [height, width] float32, the solid share of each pixel: 0 free, 1 solid.

    Raises:
        ValueError: where the view or the image is empty.
    """
    left, right, bottom, top = view
    if not (left < right and bottom < top):
        raise ValueError(f"view: got {view}, want (left, right, bottom, top), left < right, ...")
    if height < 1 or width < 1:
        raise ValueError(f"image: got {height} x {width} pixels, want at least 1 x 1")
    samples = width * COLUMNS_PER_PIXEL
    x = left + (np.arange(samples) + 0.5) * (right - left) / samples
    floor, roof = _free_range(_segment_rows(terrain), x)
    edges = np.linspace(top, bottom, height + 1)
    upper, lower = edges[:-1, None], edges[1:, None]
    free = np.clip(np.minimum(upper, roof) - np.maximum(lower, floor), 0.0, None)
    solid = 1.0 - free / (upper - lower)
    return solid.reshape(height, width, COLUMNS_PER_PIXEL).mean(axis=2).astype(np.float32)


def _segment_rows(terrain: Polylines | Terrain) -> np.ndarray:
    """Start, tangent and length of every segment, [segments, 5] m."""
    if isinstance(terrain, Polylines):
        rows = segments_of(terrain.floor, terrain.ceilings).table.T
    else:
        rows = segment_rows(terrain)
    return rows[:, :5]


def _free_range(rows: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heights between which each column `x` is free, [columns] m each."""
    start_x, start_y, tangent_x, tangent_y, length = (column[:, None] for column in rows.T)
    # Free space is on the left: rightward segments bound it from below, leftward from above. Faces
    # bound no column.
    level = np.where(tangent_x != 0.0, tangent_x, 1.0)
    along = (x - start_x) / level
    crossed = (tangent_x != 0.0) & (along >= 0.0) & (along <= length)
    y = start_y + along * tangent_y
    floor = np.max(np.where(crossed & (tangent_x > 0.0), y, -np.inf), axis=0)
    roof = np.min(np.where(crossed & (tangent_x < 0.0), y, np.inf), axis=0)
    return floor, roof
