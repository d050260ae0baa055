"""Named terrains, and terrains of one's own.

A terrain is a floor and any number of ceilings, each a polyline from left to right, in metres.
Outside its range the floor continues flat from its ends. Walkers start at x = 0. In three
dimensions all of it goes on in depth, and there are terrains that rise in both directions.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from physics.entry import entry, is_entry
from physics.height_field import rolling
from physics.obstacles import gaps, poet, steps
from physics.parameters import check_between, check_positive, check_whole, unknown
from physics.polylines import HALF_WIDTH, Polylines, load_polylines, to_polylines
from physics.relief import build_relief
from physics.surface import build_terrain, groundless
from physics.types import Terrain

ROOF_TOP = 60.0  # m, upper end of a tunnel's vertical face: out of any walker's reach
# Width of the bumps, (wavelength / 2 pi): fits figure 16 of the paper.
BUMP_SCALE = 5.0  # m


def flat() -> Polylines:
    """Level ground."""
    return Polylines(floor=_points((-HALF_WIDTH, 0.0), (HALF_WIDTH, 0.0)))


def left_wall(distance: float = 20.0, height: float = 20.0) -> Polylines:
    """Level ground that ends `distance` m left of the start, at a wall `height` m high."""
    check_positive("left_wall", distance=distance, height=height)
    return Polylines(floor=_points((-distance, height), (-distance, 0.0), (HALF_WIDTH, 0.0)))


def right_wall(distance: float = 20.0, height: float = 20.0) -> Polylines:
    """Level ground that ends `distance` m right of the start, at a wall `height` m high."""
    check_positive("right_wall", distance=distance, height=height)
    return Polylines(floor=_points((-HALF_WIDTH, 0.0), (distance, 0.0), (distance, height)))


def tunnel(mouth: float = 20.0, clearance: float = 9.2) -> Polylines:
    """Level ground under a roof `clearance` m high, open within `mouth` m of the start."""
    check_positive("tunnel", most=HALF_WIDTH - 1.0, mouth=mouth)
    check_positive("tunnel", clearance=clearance)
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
    check_between("bumpy", 0.0, 20.0, height=height)
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
    check_whole("hills", seed=seed)
    check_positive("hills", height=height, slope=slope)
    check_positive("hills", most=HALF_WIDTH / 2.0, flat_start=flat_start)
    # The generator by name: NumPy may change which one is its default.
    random = np.random.Generator(np.random.PCG64(seed))
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
        "steps": steps,
        "gaps": gaps,
        "poet": poet,
    }
)


def relief(
    seed: int = 0, height: float = 2.0, slope: float = 0.5, flat_start: float = 5.0
) -> Polylines:
    """Smooth random hills in both directions, level within `flat_start` m of the start.

    See `physics.height_field.rolling`.
    """
    field = rolling(seed=seed, height=height, slope=slope, flat_start=flat_start)
    return Polylines(floor=field.section(), relief=field)


# For walkers in three dimensions only.
SPATIAL_TERRAINS: Mapping[str, Callable[..., Polylines]] = MappingProxyType({"relief": relief})


def terrain_names(dim: int = 2) -> tuple[str, ...]:
    """Names of the terrains for walkers in two or three dimensions."""
    return (*TERRAINS, *(SPATIAL_TERRAINS if dim == 3 else ()))


def generator(name: str) -> Callable[..., Polylines]:
    """What makes the polylines of a named terrain, or the function of `module:function`.

    Raises:
        ValueError: where the name is unknown, or there is no such function.
    """
    if is_entry(name):
        return entry(name)
    generators = {**TERRAINS, **SPATIAL_TERRAINS}
    if name not in generators:
        raise ValueError(unknown("terrain", name, list(TERRAINS)))
    return generators[name]


def parameters_of(name: str) -> dict[str, float]:
    """The parameters of a terrain and their defaults, in order.

    Raises:
        ValueError: as `generator`, and where a parameter has no default.
    """
    parameters = inspect.signature(generator(name)).parameters
    for key, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty:
            raise ValueError(f"{name}: parameter {key!r} has no default, want one for each")
    return {key: parameter.default for key, parameter in parameters.items()}


def describe(name: str) -> str:
    """What a terrain is, in one sentence."""
    return (inspect.getdoc(generator(name)) or "").partition("\n")[0].replace("`", "")


def make_polylines(name: str, **parameters: float) -> Polylines:
    """The polylines of a terrain, by name or by `module:function`.

    Raises:
        ValueError: where the name or a parameter is unknown or a value out of range, or a function
            gives something else.
    """
    known = list(parameters_of(name))
    for parameter in parameters:
        if parameter not in known:
            raise ValueError(unknown(f"parameter of terrain {name!r}", parameter, known))
    made = generator(name)(**parameters)
    if not isinstance(made, Polylines):
        raise ValueError(f"{name} gives a {type(made).__name__}, want physics.Polylines")
    return made


def make_terrain(name: str, **parameters: float) -> Terrain:
    """A named terrain, ready for `simulate`. See `make_polylines` for errors."""
    return build(make_polylines(name, **parameters))


def from_polylines(
    floor: np.ndarray | Sequence[Sequence[float]],
    ceilings: Sequence[np.ndarray | Sequence[Sequence[float]]] = (),
) -> Terrain:
    """A terrain of one's own: polylines of [points, 2] m. See `to_polylines` for errors."""
    return build(to_polylines(floor, ceilings))


def load_terrain(path: str | Path) -> Terrain:
    """A terrain from a JSON file. See `load_polylines` for the format and errors."""
    return build(load_polylines(path))


def build(polylines: Polylines) -> Terrain:
    """The tables that the simulation reads."""
    field = polylines.relief
    if field is None:
        return build_terrain(polylines.floor, polylines.ceilings)
    return groundless(polylines.floor, build_relief(field.heights, field.spacing))


def _points(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=np.float64)
