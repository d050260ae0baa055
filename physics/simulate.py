"""Walks of many bodies: chunks, devices and threads. The edge between host and device."""

import collections
import concurrent.futures
import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from physics.assemble import assemble
from physics.backends.backend import Backend, open_backend
from physics.backends.batch import Batch, Episode
from physics.body import CAPACITIES, Body, Capacity, capacity_for, measure_bodies
from physics.rollout import SAMPLE_SECONDS
from physics.schedule import Chunk
from physics.surface import FASTEST_JOINT, REACH
from physics.types import Outcome, Terrain, Walk
from physics.world import World

_FEW_TERRAINS = 16
# Chunks that are packed ahead of the threads that run them.
_CHUNKS_AHEAD = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Ground:
    """The terrains of a call."""

    terrains: Sequence[Terrain]  # the distinct ones
    of: np.ndarray  # [bodies] int32, each body's place among them
    join: Callable[[Sequence[Terrain]], Any]  # what the backend makes of several

    def under(self, rows: np.ndarray) -> tuple[Any, np.ndarray]:
        """Joined terrains for some of the bodies, and the place of each body's among them.

        A few terrains are joined once for all chunks, which thereby share a compiled program.
        """
        if len(self.terrains) <= _FEW_TERRAINS:
            return self._joined, self.of[rows]
        there, of = np.unique(self.of[rows], return_inverse=True)
        return self.join([self.terrains[i] for i in there]), of.astype(np.int32)

    @functools.cached_property
    def _joined(self) -> Any:
        return self.join(self.terrains)


def simulate(
    bodies: Sequence[Body],
    terrains: Terrain | Sequence[Terrain],
    *,
    world: World | None = None,
    seconds: float = 10.0,
    displaced: Sequence[np.ndarray] | None = None,
    backend: str | Backend = "auto",
    threads: int | None = None,
    devices: Sequence[jax.Device] | None = None,
) -> Outcome:
    """Simulates every body on its terrain from rest.

    Args:
        bodies: Walkers, of any mix of capacities, all in two or all in three dimensions.
        terrains: One terrain for all, or one per body. Passing the same object several times is
            cheaper than passing equal ones. In three dimensions polylines go on in depth; a relief
            is for bodies of three dimensions only.
        world: Physical constants; the default world where None.
        seconds: Length of the walks, s; rounded to whole time steps.
        displaced: Where each body starts otherwise than built, [joints, dim] m added to its joints.
        backend: One of `physics.backends.backend.BACKENDS`, of which "auto" is the best that is
            there; or one that is open, with its own threads and devices.
        threads: Cores that are used at once on a CPU, elsewhere chunks; None: all there are, and
            two chunks per device.
        devices: Where chunks run, in turn; all of this process where None.

    Returns:
        Outcome with a leading axis in the order of `bodies` and NumPy leaves.

    Raises:
        ValueError: where a body exceeds every capacity, the numbers of bodies, terrains or starts
            differ, the backend is unknown, cannot run here or does not serve a body or its
            dimensions, dimensions are mixed, or `seconds` is negative or not finite.
    """
    dim = dimensions_of(bodies)
    runner = _opened(backend, dim, threads=threads, devices=devices)
    world = world or World()
    episode = Episode(
        world=world,
        steps=_steps(world, seconds),
        interval=round(SAMPLE_SECONDS * world.substeps_per_second),
    )
    ground = _ground(terrains, len(bodies), functools.partial(runner.join, world=world))
    _check_reliefs(ground.terrains, dim)
    _check_starts(bodies, displaced)
    _check_reach(world)
    outcome = _empty_outcome(bodies, dim, episode.steps // episode.interval + 1)
    running: collections.deque[tuple[Chunk, concurrent.futures.Future[Walk]]] = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(runner.calls) as pool:
        for number, chunk in enumerate(runner.schedule(_capacities(bodies))):
            batch = _pack(chunk, bodies, ground, displaced, world)
            # Compiled here: two threads would compile the same program twice.
            call = runner.compile(batch, episode, number)
            running.append((chunk, pool.submit(call)))
            if len(running) > runner.calls + _CHUNKS_AHEAD:
                _store(outcome, *running.popleft())
        while running:
            _store(outcome, *running.popleft())
    return outcome


def trajectory(
    body: Body,
    terrain: Terrain,
    *,
    world: World | None = None,
    seconds: float = 10.0,
    frames_per_second: int = 30,
    backend: str | Backend = "auto",
) -> np.ndarray:
    """Positions of the joints of one walker over time, for drawing.

    With the backend of `simulate` they are those of the same walk, to the last bit.

    Returns:
        [frames, joints, dim] float32 m, from time 0 on.

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
    _check_reliefs([terrain], body.dim)
    _check_reach(world)
    runner = _opened(backend, body.dim)
    episode = Episode(
        world=world,
        steps=_steps(world, seconds),
        interval=world.substeps_per_second // frames_per_second,
    )
    positions = runner.paths(assemble([body], [terrain], capacity, world), terrain, episode)
    return positions.transpose(0, 2, 1)[:, : len(body.joints)]


def dimensions_of(bodies: Sequence[Body]) -> int:
    """Dimensions of space that bodies share; 2 where there are none.

    Raises:
        ValueError: where some have two and others three.
    """
    found = {body.dim for body in bodies} or {2}
    if len(found) > 1:
        raise ValueError("bodies: got some of two and some of three dimensions, want one of them")
    return found.pop()


def _opened(backend: str | Backend, dim: int, **where: Any) -> Backend:
    if isinstance(backend, str):
        return open_backend(backend, dim=dim, **where)
    if dim not in backend.dims:
        raise ValueError(f"backend: got {backend.name} for bodies of {dim} dimensions, want xla")
    return backend


def _pack(
    chunk: Chunk,
    bodies: Sequence[Body],
    ground: _Ground,
    displaced: Sequence[np.ndarray] | None,
    world: World,
) -> Batch:
    """One chunk for a backend; rows that it has no body for are empty."""
    walkers = assemble(
        [bodies[row] for row in chunk.rows],
        [ground.terrains[ground.of[row]] for row in chunk.rows],
        chunk.capacity,
        world,
        displaced=None if displaced is None else [displaced[row] for row in chunk.rows],
        rows=chunk.batch,
    )
    terrains, terrain_of = ground.under(chunk.rows)
    empty = (0, chunk.batch - len(chunk.rows))
    return Batch(
        walkers=walkers,
        terrains=terrains,
        terrain_of=np.pad(terrain_of, empty, constant_values=-1),
    )


def _empty_outcome(bodies: Sequence[Body], dim: int, samples: int) -> Outcome:
    batch = len(bodies)
    return Outcome(
        displacement=np.zeros(batch, np.float32),
        diverged=np.zeros(batch, bool),
        center_of_mass=np.zeros((batch, samples, dim), np.float32),
        contact_fraction=np.zeros(batch, np.float32),
        energy=np.zeros(batch, np.float32),
        drift=np.zeros(batch, np.float32) if dim == 3 else None,
        **measure_bodies(bodies),
    )


def _store(outcome: Outcome, chunk: Chunk, future: "concurrent.futures.Future[Walk]") -> None:
    walk = future.result()
    for field in dataclasses.fields(Walk):
        stored, found = getattr(outcome, field.name), getattr(walk, field.name)
        if stored is not None:
            stored[chunk.rows] = found[: len(chunk.rows)]


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


def _ground(
    terrains: Terrain | Sequence[Terrain],
    bodies: int,
    join: Callable[[Sequence[Terrain]], Any],
) -> _Ground:
    each = [terrains] * bodies if isinstance(terrains, Terrain) else list(terrains)
    if len(each) != bodies:
        raise ValueError(f"terrains: got {len(each)}, want one, or one per body ({bodies})")
    distinct = {id(terrain): terrain for terrain in each}
    place = {name: index for index, name in enumerate(distinct)}
    return _Ground(
        terrains=list(distinct.values()),
        of=np.array([place[id(terrain)] for terrain in each], np.int32),
        join=join,
    )


def _check_reliefs(terrains: Sequence[Terrain], dim: int) -> None:
    if dim == 2 and any(terrain.relief is not None for terrain in terrains):
        raise ValueError("terrains: got a relief for bodies of 2 dimensions, want bodies of 3")


def _check_starts(bodies: Sequence[Body], displaced: Sequence[np.ndarray] | None) -> None:
    if displaced is None:
        return
    if len(displaced) != len(bodies):
        raise ValueError(f"displaced: got {len(displaced)} starts, want one per body")
    for index, (body, shift) in enumerate(zip(bodies, displaced, strict=True)):
        if shift.shape != body.joints.shape or not np.isfinite(shift).all():
            raise ValueError(
                f"displaced[{index}]: got shape {list(shift.shape)}, want finite numbers "
                f"{list(body.joints.shape)}"
            )


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
