"""Ground with obstacles, generated from a seed: stairs, gaps, stumps, rough ground.

A course is laid outwards from the level start, each side from a stream of random numbers of its
own. Its pieces are profiles: lists of (distance, height) in metres, relative to where the piece
begins. Only sums, products and quotients of those numbers enter, so that a seed means the same
ground on every platform.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from physics.parameters import (
    FARTHEST,
    check_between,
    check_positive,
    check_range,
    check_whole,
    check_zero_or,
)
from physics.polylines import HALF_WIDTH, Polylines

Profile = list[tuple[float, float]]  # m
Range = tuple[float, float]  # m, least and most
Draw = Callable[[], float]  # the next number of a stream, uniform in [0, 1)
Piece = Callable[[Draw, float], Profile]  # of the stream and the ground's height over the start

THINNEST = 0.05  # m, stumps and gaps: positions are float32
TALLEST = 20.0  # m, stumps and steps
WIDEST = 100.0  # m, stumps, and gaps across and down
SHORTEST_TREAD = 0.5  # m
STEEPEST = 5.0  # slope of rough ground
LONGEST_FLIGHT = 4  # steps, on the terrain `steps`
# Stairs that would end farther above or below the start lead back instead.
BAND = 1.5  # m


def steps(
    *, seed: int = 0, height: float = 0.4, tread: float = 2.0, flat_start: float = 8.0
) -> Polylines:
    """Stairs up and down in flights of one to four steps, with landings between them.

    Args:
        seed: Chooses the stairs; the same seed gives the same stairs everywhere.
        height: Tallest step, m; steps are half to all of it.
        tread: Shortest tread, m; treads and landings are one to two of it.
        flat_start: Half the width of the level start, m.
    """
    check_positive("steps", most=TALLEST, height=height)
    check_between("steps", SHORTEST_TREAD, FARTHEST, tread=tread)
    flight = partial(
        _flight, heights=(height / 2.0, height), counts=(1, LONGEST_FLIGHT), tread=tread
    )
    landing = partial(_ground, shortest=tread, roughness=0.0)
    return _course("steps", seed, flat_start, [flight], landing)


def gaps(
    *,
    seed: int = 0,
    narrowest: float = 1.0,
    widest: float = 2.5,
    depth: float = 3.0,
    spacing: float = 6.0,
    flat_start: float = 8.0,
) -> Polylines:
    """Level ground broken by gaps with vertical sides.

    Args:
        seed: Chooses the gaps; the same seed gives the same gaps everywhere.
        narrowest: Width of the narrowest gap, m.
        widest: Width of the widest gap, m.
        depth: Depth of the gaps, m.
        spacing: Shortest ground between gaps, m; it is one to two of it.
        flat_start: Half the width of the level start, m.
    """
    check_between("gaps", THINNEST, WIDEST, narrowest=narrowest, widest=widest, depth=depth)
    check_range("gaps", THINNEST, WIDEST, narrowest=narrowest, widest=widest)
    check_between("gaps", SHORTEST_TREAD, FARTHEST, spacing=spacing)
    gap = partial(_gap, widths=(narrowest, widest), depth=depth)
    ground = partial(_ground, shortest=spacing, roughness=0.0)
    return _course("gaps", seed, flat_start, [gap], ground)


def poet(
    *,
    seed: int = 0,
    roughness: float = 0.2,
    lowest_stump: float = 0.3,
    highest_stump: float = 0.6,
    stump_width: float = 1.0,
    narrowest_gap: float = 0.8,
    widest_gap: float = 1.6,
    gap_depth: float = 3.0,
    step_height: float = 0.3,
    steps: int = 3,
    tread: float = 1.5,
    spacing: float = 6.0,
    flat_start: float = 8.0,
) -> Polylines:
    """Rough ground with stumps, gaps and stairs in random order, in the manner of POET.

    The kinds of obstacle of Wang et al. 2019 (arXiv 1901.01753). Any of `roughness`,
    `highest_stump`, `stump_width`, `widest_gap`, `gap_depth`, `step_height` and `steps` that is 0
    switches its obstacle off.

    Args:
        seed: Chooses the course; the same seed gives the same course everywhere.
        roughness: Steepest slope of the ground between obstacles, in bumps a metre or more apart.
        lowest_stump: Height of the lowest stump, m.
        highest_stump: Height of the highest stump, m.
        stump_width: Width of the stumps, m.
        narrowest_gap: Width of the narrowest gap, m.
        widest_gap: Width of the widest gap, m.
        gap_depth: Depth of the gaps, m.
        step_height: Height of the steps, m.
        steps: Number of steps of a flight, up or down.
        tread: Shortest tread, m; treads are one to two of it.
        spacing: Shortest ground between obstacles, m; it is one to two of it.
        flat_start: Half the width of the level start, m.
    """
    check_between("poet", 0.0, STEEPEST, roughness=roughness)
    check_range("poet", THINNEST, TALLEST, lowest_stump=lowest_stump, highest_stump=highest_stump)
    check_range("poet", THINNEST, WIDEST, narrowest_gap=narrowest_gap, widest_gap=widest_gap)
    check_zero_or("poet", THINNEST, WIDEST, stump_width=stump_width, gap_depth=gap_depth)
    check_between("poet", 0.0, TALLEST, step_height=step_height)
    check_whole("poet", most=100, steps=steps)
    check_between("poet", SHORTEST_TREAD, FARTHEST, tread=tread, spacing=spacing)
    stump = partial(_stump, heights=(lowest_stump, highest_stump), width=stump_width)
    gap = partial(_gap, widths=(narrowest_gap, widest_gap), depth=gap_depth)
    flight = partial(
        _flight, heights=(step_height, step_height), counts=(steps, steps), tread=tread
    )
    kinds: list[tuple[float, Piece]] = [
        (highest_stump * stump_width, stump),
        (widest_gap * gap_depth, gap),
        (step_height * steps, flight),
    ]
    obstacles = [piece for size, piece in kinds if size > 0.0]
    ground = partial(_ground, shortest=spacing, roughness=roughness)
    return _course("poet", seed, flat_start, obstacles, ground)


def _course(
    terrain: str, seed: int, flat_start: float, obstacles: Sequence[Piece], ground: Piece
) -> Polylines:
    """Obstacles and ground in turn, to both sides of a level start."""
    check_whole(terrain, seed=seed)
    check_positive(terrain, most=HALF_WIDTH / 2.0, flat_start=flat_start)
    left, right = (
        np.array(_outwards(_stream(seed, side), flat_start, obstacles, ground)) for side in range(2)
    )
    return Polylines(floor=np.concatenate([left[::-1] * [-1.0, 1.0], right]))


def _stream(seed: int, side: int) -> Draw:
    # The generator by name: NumPy may change which one is its default.
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, side]))).random


def _outwards(
    draw: Draw, flat_start: float, obstacles: Sequence[Piece], ground: Piece
) -> list[tuple[float, float]]:
    """One side of a course, (distance from the start, height), m."""
    points = [(flat_start, 0.0)]
    for piece in _pieces(draw, obstacles, ground):
        end, level = points[-1]
        profile = piece(draw, level)
        if end + profile[-1][0] > HALF_WIDTH:
            break
        points += [(end + along, level + up) for along, up in profile]
    return [*points, (HALF_WIDTH, points[-1][1])]


def _pieces(draw: Draw, obstacles: Sequence[Piece], ground: Piece) -> Iterator[Piece]:
    while True:
        if obstacles:
            yield obstacles[int(len(obstacles) * draw())]
        yield ground


def _ground(draw: Draw, level: float, *, shortest: float, roughness: float) -> Profile:
    """Ground that ends as high as it begins; level where the roughness is 0."""
    length = _between(draw, shortest, 2.0 * shortest)
    # A metre or more long, so that no slope exceeds the roughness.
    bumps = max(int(length), 1) if roughness else 1
    inner = [(length * i / bumps, roughness * (draw() - 0.5)) for i in range(1, bumps)]
    return [*inner, (length, 0.0)]


def _stump(draw: Draw, level: float, *, heights: Range, width: float) -> Profile:
    height = _between(draw, *heights)
    return [(0.0, height), (width, height), (width, 0.0)]


def _gap(draw: Draw, level: float, *, widths: Range, depth: float) -> Profile:
    width = _between(draw, *widths)
    return [(0.0, -depth), (width, -depth), (width, 0.0)]


def _flight(
    draw: Draw, level: float, *, heights: Range, counts: tuple[int, int], tread: float
) -> Profile:
    """Steps of one direction, each with its tread."""
    fewest, most = counts
    count = fewest + int((most + 1 - fewest) * draw())
    sign = 1.0 if draw() < 0.5 else -1.0
    rises = [_between(draw, *heights) for _ in range(count)]
    if abs(level + sign * math.fsum(rises)) > BAND and level != 0.0:
        sign = 1.0 if level < 0.0 else -1.0
    profile, (x, y) = [], (0.0, 0.0)
    for height in rises:
        y += sign * height
        profile.append((x, y))
        x += _between(draw, tread, 2.0 * tread)
        profile.append((x, y))
    return profile


def _between(draw: Draw, least: float, most: float) -> float:
    return least + (most - least) * draw()
