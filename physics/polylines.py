"""The surface of a terrain as polylines on the host: the record, its checks, its JSON file.

In metres, x to the right, y upwards. Vertical pieces are faces: of a wall where they belong to the
floor, of a roof where they belong to a ceiling.
"""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from physics.height_field import HeightField
from physics.parameters import FARTHEST, unknown

HALF_WIDTH = 200.0  # m to either side of the start; walkers cover about 60 m in ten seconds


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Polylines:
    """The surface of a terrain, on the host.

    Free space lies above the floor, and below each ceiling: on the left-hand side of the floor's
    direction and on the right-hand side of a ceiling's.

    Raises:
        ValueError: on construction, where the polylines do not describe a terrain.
    """

    floor: np.ndarray  # [points, 2] m, left to right
    ceilings: tuple[np.ndarray, ...] = ()  # [points, 2] m each, left to right
    # Ground that also rises in depth: for walkers in three dimensions, and `floor` is its section.
    relief: HeightField | None = None

    def __post_init__(self) -> None:
        _check_points("floor", self.floor)
        for index, ceiling in enumerate(self.ceilings):
            _check_points(f"ceilings[{index}]", ceiling)
            _check_above(f"ceilings[{index}]", ceiling, self.floor)
        first, last = self.floor[0, 0], self.floor[-1, 0]
        if not first <= 0.0 <= last:
            raise ValueError(
                f"floor: got x from {first:g} to {last:g} m, want it to cover the start, x = 0"
            )


def to_polylines(floor: object, ceilings: object = ()) -> Polylines:
    """Polylines from anything that reads as lists of [x, y] pairs, m, left to right.

    Raises:
        ValueError: where a polyline has fewer than two points, is not finite, runs right to left,
            leaves the start uncovered, or where a ceiling lies below the floor.
    """
    if not isinstance(ceilings, Sequence | np.ndarray):
        raise ValueError(f"ceilings: got {ceilings!r}, want a list of polylines")
    return Polylines(
        floor=_array("floor", floor),
        ceilings=tuple(_array(f"ceilings[{i}]", ceiling) for i, ceiling in enumerate(ceilings)),
    )


def load_polylines(path: str | Path) -> Polylines:
    """Reads {"floor": [[x, y], ...], "ceilings": [[[x, y], ...], ...]} (m), ceilings optional.

    Raises:
        ValueError: where the file is not such a record; the message names the file.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(record, dict) or "floor" not in record:
            raise ValueError('got no "floor", want {"floor": [[x, y], ...], "ceilings": [...]}')
        for key in record:
            if key not in ("floor", "ceilings"):
                raise ValueError(unknown("key", key, ["floor", "ceilings"]))
        return to_polylines(record["floor"], record.get("ceilings") or ())
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are among its children
        raise ValueError(f"terrain file {path}: {error}") from error


def _array(name: str, points: object) -> np.ndarray:
    try:
        return np.array(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: want a list of [x, y] pairs of numbers ({error})") from error


def _check_points(name: str, points: np.ndarray) -> None:
    if points.ndim != 2 or points.shape[1:] != (2,) or len(points) < 2:
        raise ValueError(f"{name}: got shape {list(points.shape)}, want [points >= 2, 2]")
    if not np.isfinite(points).all():
        raise ValueError(f"{name}: got a coordinate that is not finite")
    if np.abs(points).max() > FARTHEST:
        raise ValueError(
            f"{name}: got a coordinate of {np.abs(points).max():g} m, want at most {FARTHEST:g} m"
        )
    back = np.flatnonzero(np.diff(points[:, 0]) < 0.0)
    if len(back):
        raise ValueError(
            f"{name}: got x falling from {points[back[0], 0]:g} to {points[back[0] + 1, 0]:g} m "
            f"at point {back[0] + 1}, want left to right"
        )
    if (points == points[0]).all():
        raise ValueError(f"{name}: got one point repeated, want at least two different ones")


def _check_above(name: str, ceiling: np.ndarray, floor: np.ndarray) -> None:
    # A ceiling's own points, and the floor's points below it: both polylines are straight between.
    inside = (floor[:, 0] > ceiling[0, 0]) & (floor[:, 0] < ceiling[-1, 0])
    x = np.concatenate([ceiling[:, 0], floor[inside, 0]])
    y = np.concatenate([ceiling[:, 1], np.interp(floor[inside, 0], *ceiling.T)])
    below = np.concatenate([np.interp(ceiling[:, 0], *floor.T), floor[inside, 1]])
    if (y <= below).any():
        worst = int(np.argmin(y - below))
        raise ValueError(
            f"{name}: got {y[worst]:g} m at x = {x[worst]:g} m, want it above the floor, "
            f"{below[worst]:g} m there"
        )
