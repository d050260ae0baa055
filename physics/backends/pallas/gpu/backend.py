"""Walks in the kernel for GPUs: how bodies are dealt into calls of it."""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import numpy as np

from physics.backends.batch import Batch, Episode, join_terrains
from physics.backends.pallas.capacities import MOST_JOINTS, check_capacities
from physics.backends.pallas.form import Form
from physics.backends.pallas.gpu.program import compile_batch
from physics.body import Capacity
from physics.schedule import SIZE_DIVISORS, Chunk, schedule_alike
from physics.types import Terrain, Walk, Walker
from physics.world import World

# Joints of the largest call: several waves of programs over all processors of a large GPU.
_MOST_IN_CALL = 262_144


@dataclasses.dataclass(frozen=True, kw_only=True)
class PallasGpu:
    """The kernel on some GPUs, which take chunks in turn."""

    devices: tuple[jax.Device, ...]
    threads: int | None = None  # None: two per device
    interpret: bool = False  # whether to run where there is no GPU, slowly

    @property
    def name(self) -> str:
        """As `Backend.name`."""
        return f"pallas_gpu ({self.devices[0].device_kind})"

    @property
    def most_joints(self) -> int:
        """Of a body that it serves."""
        return MOST_JOINTS

    @property
    def dims(self) -> tuple[int, ...]:
        """As `Backend.dims`."""
        return (2,)

    @property
    def calls(self) -> int:
        """Two a device: one runs while another is copied."""
        return self.threads or 2 * len(self.devices)

    def schedule(self, capacities: Sequence[Capacity]) -> list[Chunk]:
        """Chunks of bodies of one capacity.

        Raises:
            ValueError: where a body is larger than the kernel serves.
        """
        check_capacities("pallas_gpu", capacities)
        return schedule_alike(capacities, chunk_sizes)

    def join(self, terrains: Sequence[Terrain], world: World) -> Terrain:
        """As `Backend.join`."""
        del world
        return join_terrains(terrains)

    def compile(self, batch: Batch, episode: Episode, number: int) -> Callable[[], Walk]:
        """As `Backend.compile`."""
        form = Form(episode=episode, paths=False, interpret=self.interpret)
        program = compile_batch(batch, form, self.devices[number % len(self.devices)])
        return lambda: jax.tree.map(np.asarray, program(batch)[0])

    def paths(self, walker: Walker, terrain: Terrain, episode: Episode) -> np.ndarray:
        """As `Backend.paths`."""
        batch = Batch(
            walkers=walker,
            terrains=self.join([terrain], episode.world),
            terrain_of=np.zeros(1, np.int32),
        )
        form = Form(episode=episode, paths=True, interpret=self.interpret)
        return np.asarray(compile_batch(batch, form, self.devices[0])(batch)[1][0])


def chunk_sizes(capacity: Capacity) -> tuple[int, ...]:
    """The few numbers of walkers that programs of a capacity are compiled for, largest first."""
    largest = _MOST_IN_CALL // capacity.joints
    return tuple(max(1, largest // divisor) for divisor in SIZE_DIVISORS)
