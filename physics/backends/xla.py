"""The XLA backend: `rollout` compiled for a batch, in the form that suits the platform."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import jax
import numpy as np

from physics.backends.batch import Batch, Episode, join_terrains
from physics.backends.lanes import rewire, simulate_lanes
from physics.backends.union import simulate_union
from physics.body import Capacity
from physics.cores import count_cores
from physics.rollout import rollout
from physics.schedule import Chunk, schedule
from physics.types import Terrain, Walk, Walker
from physics.world import World

Program = Callable[[Batch], Walk]
_Shapes = tuple[tuple[tuple[int, ...], np.dtype], ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Xla:
    """The XLA backend on some devices, which take chunks in turn."""

    devices: tuple[jax.Device, ...]
    threads: int | None = None  # None: one per core on a CPU, else two per device

    @property
    def name(self) -> str:
        """As `Backend.name`."""
        return f"xla ({self.devices[0].platform})"

    @property
    def calls(self) -> int:
        """As `Backend.calls`."""
        # XLA does not split this program over cores, so chunks run side by side; on an accelerator
        # two keep it busy while one is copied.
        if self.devices[0].platform == "cpu":
            return self.threads or max(count_cores(), len(self.devices))
        return self.threads or 2 * len(self.devices)

    def schedule(self, capacities: Sequence[Capacity]) -> list[Chunk]:
        """As `Backend.schedule`."""
        return schedule(capacities, self.devices[0].platform)

    def join(self, terrains: Sequence[Terrain], world: World) -> Terrain:
        """As `Backend.join`."""
        del world
        return join_terrains(terrains)

    def compile(self, batch: Batch, episode: Episode, number: int) -> Callable[[], Walk]:
        """As `Backend.compile`."""
        device = self.devices[number % len(self.devices)]
        prepared = _stand(batch, device)
        program = compile_batch(prepared, episode, device)
        return lambda: jax.tree.map(np.asarray, program(prepared))

    def lower(self, batch: Batch, episode: Episode, number: int) -> jax.stages.Lowered:
        """What `compile` compiles, which may be for a device that is not there."""
        device = self.devices[number % len(self.devices)]
        return lower_batch(_stand(batch, device), episode, device)

    def paths(self, walker: Walker, terrain: Terrain, episode: Episode) -> np.ndarray:
        """As `Backend.paths`."""
        program = jax.jit(rollout, static_argnums=2, static_argnames=("steps", "interval"))
        course = program(
            jax.tree.map(lambda leaf: leaf[0], walker),
            terrain,
            episode.world,
            steps=episode.steps,
            interval=episode.interval,
        )
        return np.asarray(course.samples.position)


def _stand(batch: Batch, device: jax.Device) -> Batch:
    # Rows that are no walkers have no parts, and stand anywhere.
    there = dataclasses.replace(batch, terrain_of=np.maximum(batch.terrain_of, 0))
    return prepare(there, device)


def prepare(batch: Batch, device: jax.Device, *, lanes: bool | None = None) -> Batch:
    """The batch in the form for a device, still in NumPy.

    Args:
        batch: Walkers wired by `Indices`.
        device: Where it will run.
        lanes: Whether to run without gathers, `backends.lanes`; None decides by the device.
    """
    if lanes is None:
        lanes = device.platform == "tpu"
    return rewire(batch) if lanes else batch


def compile_batch(batch: Batch, episode: Episode, device: jax.Device) -> Program:
    """The program for prepared batches of these shapes; compiled once per process and device.

    Not to be called from several threads at once, which would each compile; the program may be.

    Args:
        batch: Of `prepare`.
        episode: How the walkers walk.
        device: Where to run.

    Returns:
        A function of a batch that gives its walks, with a leading batch axis.
    """
    return _compile(*_shapes_of(batch), episode, device)


def lower_batch(batch: Batch, episode: Episode, device: jax.Device) -> jax.stages.Lowered:
    """What `compile_batch` compiles."""
    return _lower(*_shapes_of(batch), episode, device)


def _shapes_of(batch: Batch) -> tuple[jax.tree_util.PyTreeDef, _Shapes]:
    leaves, structure = jax.tree.flatten(batch)
    return structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves)


@functools.lru_cache(maxsize=256)
def _compile(
    structure: jax.tree_util.PyTreeDef, shapes: _Shapes, episode: Episode, device: jax.Device
) -> Program:
    return _lower(structure, shapes, episode, device).compile()


def _lower(
    structure: jax.tree_util.PyTreeDef, shapes: _Shapes, episode: Episode, device: jax.Device
) -> jax.stages.Lowered:
    sharding = jax.sharding.SingleDeviceSharding(device)
    leaves = [jax.ShapeDtypeStruct(*shape, sharding=sharding) for shape in shapes]
    example = jax.tree.unflatten(structure, leaves)
    simulate = simulate_union if example.terrains.by_gather else simulate_lanes
    return jax.jit(simulate, static_argnums=1).lower(example, episode)
