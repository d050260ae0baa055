"""Named terrains and terrains from polylines.

A terrain is a floor and any number of ceilings, each a polyline from left to right, in metres.
Vertical pieces are faces: of a wall where they belong to the floor, of a roof where they belong to
a ceiling. Outside its range the floor continues flat from its ends. Walkers start at x = 0.
"""

import dataclasses
import difflib
import inspect
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from physics.surface import build_terrain
from physics.types import Terrain

HALF_WIDTH = 200.0  # m to either side of the start; walkers cover about 60 m in ten seconds
ROOF_TOP = 60.0  # m, upper end of a tunnel's vertical face: out of any walker's reach
FARTHEST = 400.0  # m, largest coordinate: positions are float32
# Width of the bumps, (wavelength / 2 pi): fits figure 16 of the paper.
BUMP_SCALE = 5.0  # m


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


def flat() -> Polylines:
    """Level ground."""
    return Polylines(floor=_points((-HALF_WIDTH, 0.0), (HALF_WIDTH, 0.0)))


def left_wall(distance: float = 20.0, height: float = 20.0) -> Polylines:
    """Level ground that ends `distance` m left of the start, at a wall `height` m high."""
    _check_positive("left_wall", distance=distance, height=height)
    return Polylines(floor=_points((-distance, height), (-distance, 0.0), (HALF_WIDTH, 0.0)))


def right_wall(distance: float = 20.0, height: float = 20.0) -> Polylines:
    """Level ground that ends `distance` m right of the start, at a wall `height` m high."""
    _check_positive("right_wall", distance=distance, height=height)
    return Polylines(floor=_points((-HALF_WIDTH, 0.0), (distance, 0.0), (distance, height)))


def tunnel(mouth: float = 20.0, clearance: float = 9.2) -> Polylines:
    """Level ground under a roof `clearance` m high, open within `mouth` m of the start."""
    _check_positive("tunnel", mouth=mouth, clearance=clearance)
    if clearance >= ROOF_TOP:
        raise ValueError(f"tunnel: clearance: got {clearance!r} m, want less than {ROOF_TOP} m")
    left = _points((-HALF_WIDTH, clearance), (-mouth, clearance), (-mouth, ROOF_TOP))
    right = _points((mouth, ROOF_TOP), (mouth, clearance), (HALF_WIDTH, clearance))
    return Polylines(floor=flat().floor, ceilings=(left, right))


def bumpy(height: float = 2.0) -> Polylines:
    """Bumps of height (1 - cos(x / 5)) m; the walker starts in a trough.

    The paper's figure suggests a height of 5 m, whose slopes of 45 degrees friction 0.8 does not
    hold.
    """
    if not 0.0 <= height <= 20.0:
        raise ValueError(f"bumpy: height: got {height!r} m, want 0 to 20")
    # The troughs and crests lie on points, so both halves are the same to the last bit.
    x = np.arange(-200, 201) * (HALF_WIDTH / 200.0)
    return Polylines(floor=np.stack([x, height * (1.0 - np.cos(x / BUMP_SCALE))], axis=1))


def hills(
    seed: int = 0, height: float = 2.0, slope: float = 0.5, flat_start: float = 5.0
) -> Polylines:
    """Smooth random hills, level within `flat_start` m of the start.

    Args:
        seed: Chooses the hills; the same seed gives the same hills everywhere.
        height: Largest elevation above and below the start, m.
        slope: Largest slope; heights shrink where they would exceed it.
        flat_start: Half the width of the level start, m.
    """
    _check_positive("hills", height=height, slope=slope, flat_start=flat_start)
    random = np.random.default_rng(seed)
    x = np.arange(-200, 201) * (HALF_WIDTH / 200.0)
    wavelength = np.geomspace(8.0, 40.0, 6)[:, None]
    turn = random.uniform(0.0, 1.0, wavelength.shape)
    # Amplitudes in proportion to the wavelength: every octave is equally steep.
    y = np.sum(wavelength * np.sin(2.0 * np.pi * (x / wavelength + turn)), axis=0)
    away = np.clip((np.abs(x) - flat_start) / 10.0, 0.0, 1.0)
    y *= away**2 * (3.0 - 2.0 * away)
    steepest = np.max(np.abs(np.diff(y) / np.diff(x)))
    y *= min(height / np.max(np.abs(y)), slope / steepest)
    return Polylines(floor=np.stack([x, y], axis=1))


TERRAINS: Mapping[str, Callable[..., Polylines]] = MappingProxyType(
    {
        "flat": flat,
        "left_wall": left_wall,
        "right_wall": right_wall,
        "tunnel": tunnel,
        "bumpy": bumpy,
        "hills": hills,
    }
)


def make_polylines(name: str, **parameters: float) -> Polylines:
    """The polylines of a named terrain.

    Raises:
        ValueError: where the name or a parameter is unknown or a value out of range.
    """
    if name not in TERRAINS:
        raise ValueError(_unknown("terrain", name, list(TERRAINS)))
    maker = TERRAINS[name]
    known = list(inspect.signature(maker).parameters)
    for parameter in parameters:
        if parameter not in known:
            raise ValueError(_unknown(f"parameter of terrain {name!r}", parameter, known))
    return maker(**parameters)


def make_terrain(name: str, **parameters: float) -> Terrain:
    """A named terrain, ready for `simulate`. See `make_polylines` for errors."""
    return build(make_polylines(name, **parameters))


def from_polylines(
    floor: np.ndarray | Sequence[Sequence[float]],
    ceilings: Sequence[np.ndarray | Sequence[Sequence[float]]] = (),
) -> Terrain:
    """A terrain of one's own: polylines of [points, 2] m, left to right.

    Raises:
        ValueError: where a polyline has fewer than two points, is not finite, runs right to left,
            leaves the start uncovered, or where a ceiling lies below the floor.
    """
    return build(_polylines(floor, ceilings))


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
                raise ValueError(_unknown("key", key, ["floor", "ceilings"]))
        return _polylines(record["floor"], record.get("ceilings") or ())
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are among its children
        raise ValueError(f"terrain file {path}: {error}") from error


def load_terrain(path: str | Path) -> Terrain:
    """A terrain from a JSON file. See `load_polylines` for the format and errors."""
    return build(load_polylines(path))


def build(polylines: Polylines) -> Terrain:
    """The tables that the simulation reads."""
    return build_terrain(polylines.floor, polylines.ceilings)


def _polylines(floor: object, ceilings: object) -> Polylines:
    if not isinstance(ceilings, Sequence | np.ndarray):
        raise ValueError(f"ceilings: got {ceilings!r}, want a list of polylines")
    return Polylines(
        floor=_array("floor", floor),
        ceilings=tuple(_array(f"ceilings[{i}]", ceiling) for i, ceiling in enumerate(ceilings)),
    )


def _array(name: str, points: object) -> np.ndarray:
    try:
        return np.array(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: want a list of [x, y] pairs of numbers ({error})") from error


def _points(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=np.float64)


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


def _check_positive(terrain: str, **values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and 0.0 < value <= FARTHEST):
            raise ValueError(
                f"{terrain}: {name}: got {value!r}, want more than 0, at most {FARTHEST:g}"
            )


def _unknown(kind: str, got: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(got, known, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    wanted = ", ".join(known) if known else "none"
    return f"unknown {kind}: got {got!r}, want one of: {wanted}{hint}"
