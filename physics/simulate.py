"""Walks of many bodies: chunks, devices and threads. The edge between host and device."""

import collections
import concurrent.futures
import dataclasses
import functools
import math
import os
from collections.abc import Sequence

import jax
import numpy as np

from physics.assemble import assemble
from physics.backends import xla
from physics.backends.batch import Batch, Episode, join_terrains
from physics.body import CAPACITIES, Body, Capacity, capacity_for
from physics.rollout import SAMPLE_SECONDS, rollout
from physics.schedule import Chunk, schedule
from physics.surface import FASTEST_JOINT, REACH
from physics.types import Outcome, Terrain, Walk
from physics.world import World

BACKENDS = ("auto", "xla")
_FEW_TERRAINS = 16
# Chunks that are packed ahead of the threads that run them.
_CHUNKS_AHEAD = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Ground:
    """The terrains of a call."""

    terrains: Sequence[Terrain]  # the distinct ones
    of: np.ndarray  # [bodies] int32, each body's place among them

    def under(self, rows: np.ndarray) -> tuple[Terrain, np.ndarray]:
        """Joined terrains for some of the bodies, and the place of each body's among them.

        A few terrains are joined once for all chunks, which thereby share a compiled program.
        """
        if len(self.terrains) <= _FEW_TERRAINS:
            return self._joined, self.of[rows]
        there, of = np.unique(self.of[rows], return_inverse=True)
        return join_terrains([self.terrains[i] for i in there]), of.astype(np.int32)

    @functools.cached_property
    def _joined(self) -> Terrain:
        return join_terrains(self.terrains)


def simulate(
    bodies: Sequence[Body],
    terrains: Terrain | Sequence[Terrain],
    *,
    world: World | None = None,
    seconds: float = 10.0,
    displaced: Sequence[np.ndarray] | None = None,
    backend: str = "auto",
    threads: int | None = None,
    devices: Sequence[jax.Device] | None = None,
) -> Outcome:
    """Simulates every body on its terrain from rest.

    Args:
        bodies: Walkers, of any mix of capacities.
        terrains: One terrain for all, or one per body. Passing the same object several times is
            cheaper than passing equal ones.
        world: Physical constants; the default world where None.
        seconds: Length of the walks, s; rounded to whole time steps.
        displaced: Where each body starts otherwise than built, [joints, 2] m added to its joints.
        backend: "xla", or "auto" for the fastest that is there: "xla".
        threads: Chunks that run at once; None: one per core on a CPU, else two per device.
        devices: Where chunks run, in turn; all of this process where None.

    Returns:
        Outcome with a leading axis in the order of `bodies` and NumPy leaves.

    Raises:
        ValueError: where a body exceeds every capacity, the numbers of bodies, terrains or starts
            differ, the backend is unknown, or `seconds` is negative or not finite.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend: got {backend!r}, want one of {', '.join(BACKENDS)}")
    world = world or World()
    episode = Episode(
        world=world,
        steps=_steps(world, seconds),
        interval=round(SAMPLE_SECONDS * world.substeps_per_second),
    )
    ground = _ground(terrains, len(bodies))
    _check_starts(bodies, displaced)
    _check_reach(world)
    outcome = _empty_outcome(bodies, episode.steps // episode.interval + 1)
    devices = devices or jax.local_devices()
    chunks = schedule(_capacities(bodies), devices[0].platform)
    workers = threads or _threads(devices)
    running: collections.deque[tuple[Chunk, concurrent.futures.Future[Walk]]] = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for number, chunk in enumerate(chunks):
            device = devices[number % len(devices)]
            batch = xla.prepare(_pack(chunk, bodies, ground, displaced, world), device)
            # Compiled here: two threads would compile the same program twice.
            program = xla.compile_batch(batch, episode, device)
            running.append((chunk, pool.submit(_run, program, batch)))
            if len(running) > workers + _CHUNKS_AHEAD:
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
    course = program(walker, terrain, world, steps=_steps(world, seconds), interval=interval)
    positions = np.asarray(course.samples.position)
    return positions.transpose(0, 2, 1)[:, : len(body.joints)]


def _pack(
    chunk: Chunk,
    bodies: Sequence[Body],
    ground: _Ground,
    displaced: Sequence[np.ndarray] | None,
    world: World,
) -> Batch:
    """One chunk for a backend; unused rows repeat its last walker."""
    rows = chunk.rows[np.minimum(np.arange(chunk.batch), len(chunk.rows) - 1)]
    walkers = assemble(
        [bodies[row] for row in rows],
        [ground.terrains[ground.of[row]] for row in rows],
        chunk.capacity,
        world,
        displaced=None if displaced is None else [displaced[row] for row in rows],
    )
    terrains, terrain_of = ground.under(rows)
    return Batch(walkers=walkers, terrains=terrains, terrain_of=terrain_of)


def _run(program: xla.Program, batch: Batch) -> Walk:
    return jax.tree.map(np.asarray, program(batch))


def _threads(devices: Sequence[jax.Device]) -> int:
    # XLA does not split this program over cores, so chunks run side by side; on an accelerator two
    # keep it busy while one is copied.
    if devices[0].platform == "cpu":
        return max(len(os.sched_getaffinity(0)), len(devices))
    return 2 * len(devices)


def _empty_outcome(bodies: Sequence[Body], samples: int) -> Outcome:
    batch = len(bodies)
    return Outcome(
        displacement=np.zeros(batch, np.float32),
        diverged=np.zeros(batch, bool),
        center_of_mass=np.zeros((batch, samples, 2), np.float32),
        contact_fraction=np.zeros(batch, np.float32),
        energy=np.zeros(batch, np.float32),
        width=np.array([body.width for body in bodies], float),
        height=np.array([body.height for body in bodies], float),
        mass=np.array([body.mass for body in bodies], float),
    )


def _store(outcome: Outcome, chunk: Chunk, future: "concurrent.futures.Future[Walk]") -> None:
    walk = future.result()
    for field in dataclasses.fields(Walk):
        getattr(outcome, field.name)[chunk.rows] = getattr(walk, field.name)[: len(chunk.rows)]


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


def _ground(terrains: Terrain | Sequence[Terrain], bodies: int) -> _Ground:
    each = [terrains] * bodies if isinstance(terrains, Terrain) else list(terrains)
    if len(each) != bodies:
        raise ValueError(f"terrains: got {len(each)}, want one, or one per body ({bodies})")
    distinct = {id(terrain): terrain for terrain in each}
    place = {name: index for index, name in enumerate(distinct)}
    return _Ground(
        terrains=list(distinct.values()),
        of=np.array([place[id(terrain)] for terrain in each], np.int32),
    )


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
