"""The XLA backend: `rollout` compiled for a batch, in the form that suits the platform.

The walkers of a batch are spread over the devices, each of which runs the program of one device on
its own: what a walker does depends on no other, so nothing is exchanged.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

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
WALKERS = "walkers"  # the axis of the devices


@dataclasses.dataclass(frozen=True, kw_only=True)
class Xla:
    """The XLA backend on some devices, which share every chunk."""

    devices: tuple[jax.Device, ...]
    threads: int | None = None  # None: one per core on a CPU with one device, else two

    @property
    def name(self) -> str:
        """As `Backend.name`."""
        return f"xla ({self.devices[0].platform})"

    @property
    def dims(self) -> tuple[int, ...]:
        """As `Backend.dims`."""
        return (2, 3)

    @property
    def calls(self) -> int:
        """As `Backend.calls`."""
        # XLA does not split this program over cores, so chunks run side by side; on an accelerator
        # two keep it busy while one is copied.
        if self.devices[0].platform == "cpu" and len(self.devices) == 1:
            return self.threads or count_cores()
        return self.threads or 2

    def schedule(self, capacities: Sequence[Capacity]) -> list[Chunk]:
        """As `Backend.schedule`."""
        return schedule(capacities, self.devices[0].platform, len(self.devices))

    def join(self, terrains: Sequence[Terrain], world: World) -> Terrain:
        """As `Backend.join`."""
        del world
        return join_terrains(terrains)

    def compile(self, batch: Batch, episode: Episode, number: int) -> Callable[[], Walk]:
        """As `Backend.compile`."""
        del number
        prepared = _stand(batch, self.devices[0])
        program = compile_batch(prepared, episode, self.devices)
        return lambda: jax.tree.map(np.asarray, program(prepared))

    def lower(self, batch: Batch, episode: Episode, number: int) -> jax.stages.Lowered:
        """What `compile` compiles, which may be for devices that are not there."""
        del number
        return lower_batch(_stand(batch, self.devices[0]), episode, self.devices)

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


def compile_batch(batch: Batch, episode: Episode, devices: Sequence[jax.Device]) -> Program:
    """The program for prepared batches of these shapes; compiled once per process and devices.

    Not to be called from several threads at once, which would each compile; the program may be.

    Args:
        batch: Of `prepare`; its rows are a multiple of the devices.
        episode: How the walkers walk.
        devices: Where to run.

    Returns:
        A function of a batch that gives its walks, with a leading batch axis.
    """
    return _compile(*_shapes_of(batch), episode, tuple(devices))


def lower_batch(
    batch: Batch, episode: Episode, devices: Sequence[jax.Device]
) -> jax.stages.Lowered:
    """What `compile_batch` compiles."""
    return _lower(*_shapes_of(batch), episode, tuple(devices))


def _shapes_of(batch: Batch) -> tuple[jax.tree_util.PyTreeDef, _Shapes]:
    leaves, structure = jax.tree.flatten(batch)
    return structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves)


@functools.lru_cache(maxsize=256)
def _compile(
    structure: jax.tree_util.PyTreeDef,
    shapes: _Shapes,
    episode: Episode,
    devices: tuple[jax.Device, ...],
) -> Program:
    return _lower(structure, shapes, episode, devices).compile()


def _lower(
    structure: jax.tree_util.PyTreeDef,
    shapes: _Shapes,
    episode: Episode,
    devices: tuple[jax.Device, ...],
) -> jax.stages.Lowered:
    example = jax.tree.unflatten(structure, [jax.ShapeDtypeStruct(*shape) for shape in shapes])
    mesh = Mesh(np.array(devices), (WALKERS,))
    return spread_walks(example, episode, mesh).lower(example)


def spread_walks(example: Batch, episode: Episode, mesh: Mesh) -> Any:
    """Walks of a batch under `jit`, its walkers spread over a mesh of one axis, `WALKERS`.

    Args:
        example: Batch of arrays or their shapes.
        episode: How the walkers walk.
        mesh: Of devices, or of what is to be compiled for.
    """
    simulate = simulate_union if example.terrains.by_gather else simulate_lanes
    parts = _parts(example)
    walk = jax.shard_map(
        functools.partial(simulate, episode=episode),
        mesh=mesh,
        in_specs=(parts,),
        out_specs=PartitionSpec(WALKERS),
        check_vma=False,
    )
    where = jax.tree.map(functools.partial(NamedSharding, mesh), parts)
    return jax.jit(walk, in_shardings=(where,))


def _parts(batch: Batch) -> Batch:
    """How each array of a batch is cut: walkers, and what is known of each, by their axis."""
    each = PartitionSpec(WALKERS)
    walkers = jax.tree.map(lambda _: each, batch.walkers)
    terrains = jax.tree.map(lambda _: PartitionSpec(), batch.terrains)
    if not batch.terrains.by_gather and len(batch.terrains.first_cell) > 1:  # a column per walker
        columns = {
            name: PartitionSpec(*[None] * (getattr(batch.terrains, name).ndim - 1), WALKERS)
            for name in ("origin", "cells_per_metre", "grid", "first_cell")
        }
        terrains = dataclasses.replace(terrains, **columns)
    return Batch(walkers=walkers, terrains=terrains, terrain_of=each)
