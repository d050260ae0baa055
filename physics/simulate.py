"""Walks of many bodies: capacities, chunks and threads. The edge between host and device."""

import concurrent.futures
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence

import jax
import numpy as np

from physics.assemble import assemble
from physics.backends import xla
from physics.body import CAPACITIES, Body, Capacity, capacity_for
from physics.rollout import SAMPLE_SECONDS, rollout
from physics.surface import REACH
from physics.types import Outcome, Terrain
from physics.world import World

# Springs of one chunk: its working set stays in a core's own cache, and small batches still keep
# every thread busy.
CHUNK_SPRINGS = 128 * 32
# XLA does not split this program over cores, so chunks run side by side.
THREADS = 2
FASTEST_JOINT = 30.0  # m/s, speed at which contact must still hold


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Chunk:
    """Bodies of one capacity that are simulated in one call."""

    rows: np.ndarray  # places in the caller's order
    capacity: Capacity
    batch: int  # rows of the program, at least as many


def simulate(
    bodies: Sequence[Body],
    terrains: Terrain | Sequence[Terrain],
    *,
    world: World | None = None,
    seconds: float = 10.0,
) -> Outcome:
    """Simulates every body on its terrain from rest.

    Args:
        bodies: Walkers, of any mix of capacities.
        terrains: One terrain for all, or one per body. Passing the same object several times is
            cheaper than passing equal ones.
        world: Physical constants; the default world where None.
        seconds: Length of the walks, s; rounded to whole time steps.

    Returns:
        Outcome with a leading axis in the order of `bodies` and NumPy leaves.

    Raises:
        ValueError: where a body exceeds every capacity, the numbers of bodies and terrains differ,
            or `seconds` is negative or not finite.
    """
    world = world or World()
    steps, interval = _steps(world, seconds), round(SAMPLE_SECONDS * world.substeps_per_second)
    terrain_list = _one_terrain_each(terrains, len(bodies))
    _check_reach(world)
    outcome = _empty_outcome(len(bodies), steps // interval + 1)
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        running = []
        for chunk in _chunks(bodies):
            batch = _batch(chunk, bodies, terrain_list, world)
            # Compiled here: two threads would compile the same program twice.
            program = xla.compile_batch(batch, world=world, steps=steps, interval=interval)
            running.append((chunk.rows, pool.submit(_run, program, batch)))
        for rows, future in running:
            _store(outcome, rows, future.result())
    return outcome


def trajectory(
    body: Body,
    terrain: Terrain,
    *,
    world: World | None = None,
    seconds: float = 10.0,
    frames_per_second: int = 30,
) -> np.ndarray:
    """Positions of the joints of one walker over time, for drawing.

    Returns:
        [frames, joints, 2] float32 m, from time 0 on.

    Raises:
        ValueError: as `simulate`, and where the frame rate does not divide the step rate.
    """
    world = world or World()
    if frames_per_second < 1 or world.substeps_per_second % frames_per_second:
        raise ValueError(
            f"frames_per_second: got {frames_per_second}, want a divisor of "
            f"{world.substeps_per_second}"
        )
    (capacity,) = _capacities([body])
    _check_reach(world)
    walker = jax.tree.map(lambda leaf: leaf[0], assemble([body], [terrain], capacity, world))
    interval = world.substeps_per_second // frames_per_second
    program = jax.jit(rollout, static_argnums=2, static_argnames=("steps", "interval"))
    samples, _ = program(walker, terrain, world, steps=_steps(world, seconds), interval=interval)
    return np.asarray(samples.position).transpose(0, 2, 1)[:, : len(body.joints)]


def batch_sizes(capacity: Capacity) -> tuple[int, ...]:
    """The few numbers of walkers that programs of a capacity are compiled for, largest first."""
    largest = max(8, CHUNK_SPRINGS // capacity.springs)
    return tuple(max(1, largest // divisor) for divisor in (1, 4, 16))


def _chunks(bodies: Sequence[Body]) -> Iterator[_Chunk]:
    """Splits the bodies by capacity, then into full chunks and one padded remainder."""
    capacities = _capacities(bodies)
    for capacity in CAPACITIES:
        rows = np.array([i for i, each in enumerate(capacities) if each == capacity], int)
        sizes = batch_sizes(capacity)
        for start in range(0, len(rows), sizes[0]):
            chunk = rows[start : start + sizes[0]]
            yield _Chunk(
                rows=chunk,
                capacity=capacity,
                batch=min(size for size in sizes if size >= len(chunk)),
            )


def _batch(
    chunk: _Chunk, bodies: Sequence[Body], terrains: Sequence[Terrain], world: World
) -> xla.Batch:
    """One chunk for the backend; unused rows repeat its last walker."""
    rows = [chunk.rows[min(i, len(chunk.rows) - 1)] for i in range(chunk.batch)]
    distinct = {id(terrains[row]): terrains[row] for row in rows}
    place = {name: index for index, name in enumerate(distinct)}
    walkers = assemble(
        [bodies[row] for row in rows], [terrains[row] for row in rows], chunk.capacity, world
    )
    terrain_of = np.array([place[id(terrains[row])] for row in rows], np.int32)
    joined = xla.join_terrains(list(distinct.values()))
    return xla.Batch(walkers=walkers, terrains=joined, terrain_of=terrain_of)


def _run(program: Callable[[xla.Batch], Outcome], batch: xla.Batch) -> Outcome:
    return jax.tree.map(np.asarray, program(batch))


def _empty_outcome(batch: int, samples: int) -> Outcome:
    return Outcome(
        displacement=np.zeros(batch, np.float32),
        diverged=np.zeros(batch, bool),
        center_of_mass=np.zeros((batch, samples, 2), np.float32),
    )


def _store(outcome: Outcome, rows: np.ndarray, part: Outcome) -> None:
    outcome.displacement[rows] = part.displacement[: len(rows)]
    outcome.diverged[rows] = part.diverged[: len(rows)]
    outcome.center_of_mass[rows] = part.center_of_mass[: len(rows)]


def _capacities(bodies: Sequence[Body]) -> list[Capacity]:
    capacities = []
    for index, body in enumerate(bodies):
        capacity = capacity_for(body)
        if capacity is None:
            raise ValueError(
                f"bodies[{index}]: got {len(body.joints)} joints and {len(body.ends)} springs, "
                f"want at most {CAPACITIES[-1].joints} and {CAPACITIES[-1].springs}; "
                "leave out what `capacity_for` calls None"
            )
        capacities.append(capacity)
    return capacities


def _one_terrain_each(terrains: Terrain | Sequence[Terrain], bodies: int) -> Sequence[Terrain]:
    if isinstance(terrains, Terrain):
        return [terrains] * bodies
    if len(terrains) != bodies:
        raise ValueError(f"terrains: got {len(terrains)}, want one, or one per body ({bodies})")
    return terrains


def _steps(world: World, seconds: float) -> int:
    if not math.isfinite(seconds) or seconds < 0.0:
        raise ValueError(f"seconds: got {seconds!r}, want a finite number >= 0")
    return round(seconds * world.substeps_per_second)


def _check_reach(world: World) -> None:
    reach = world.joint_radius + FASTEST_JOINT * world.time_step
    if reach > REACH:
        raise ValueError(
            f"world: a joint of radius {world.joint_radius:g} m at {FASTEST_JOINT:g} m/s reaches "
            f"{reach:g} m in a step, want at most {REACH:g} m: use a smaller radius or time step"
        )
