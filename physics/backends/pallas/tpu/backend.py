"""Walks in the kernel for TPUs: how bodies are dealt into calls of it."""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import numpy as np

from physics.backends.batch import Batch, Episode
from physics.backends.pallas.capacities import MOST_JOINTS, check_capacities
from physics.backends.pallas.form import Form
from physics.backends.pallas.tpu.cells import LANES, Cells, join_cells
from physics.backends.pallas.tpu.program import compile_batch, lower_batch
from physics.body import Capacity
from physics.schedule import Chunk, schedule_alike
from physics.types import Terrain, Walk, Walker
from physics.world import World

# Joints of the largest call, which is short enough for the next to be packed meanwhile.
_MOST_IN_CALL = 65_536
_SIZE_DIVISORS = (1, 4, 16, 32)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PallasTpu:
    """The kernel on some TPUs, which take chunks in turn."""

    devices: tuple[jax.Device, ...]
    threads: int | None = None  # None: two per device
    interpret: bool = False  # whether to run where there is no TPU, slowly

    @property
    def name(self) -> str:
        """As `Backend.name`."""
        return f"pallas_tpu ({self.devices[0].device_kind})"

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
        """Chunks of bodies of one capacity, in whole blocks.

        Raises:
            ValueError: where a body is larger than the kernel serves.
        """
        check_capacities("pallas_tpu", capacities)
        return schedule_alike(capacities, chunk_sizes)

    def join(self, terrains: Sequence[Terrain], world: World) -> Cells:
        """As `Backend.join`."""
        return join_cells(terrains, world)

    def compile(self, batch: Batch, episode: Episode, number: int) -> Callable[[], Walk]:
        """As `Backend.compile`."""
        form = Form(episode=episode, paths=False, interpret=self.interpret)
        program = compile_batch(batch, form, self.devices[number % len(self.devices)])
        return lambda: program(batch)[0]

    def lower(self, batch: Batch, episode: Episode, number: int) -> jax.stages.Lowered:
        """What `compile` compiles, which may be for a device that is not there."""
        form = Form(episode=episode, paths=False, interpret=self.interpret)
        return lower_batch(batch, form, self.devices[number % len(self.devices)])

    def paths(self, walker: Walker, terrain: Terrain, episode: Episode) -> np.ndarray:
        """As `Backend.paths`."""
        block = jax.tree.map(
            lambda leaf: np.concatenate([leaf, np.repeat(np.zeros_like(leaf), LANES - 1, axis=0)]),
            walker,
        )
        batch = Batch(
            walkers=block,
            terrains=self.join([terrain], episode.world),
            terrain_of=np.zeros(LANES, np.int32),
        )
        form = Form(episode=episode, paths=True, interpret=self.interpret)
        return compile_batch(batch, form, self.devices[0])(batch)[1][0]


def chunk_sizes(capacity: Capacity) -> tuple[int, ...]:
    """The few numbers of walkers that programs of a capacity are compiled for, largest first."""
    largest = _MOST_IN_CALL // capacity.joints
    return tuple(sorted({max(LANES, largest // each) for each in _SIZE_DIVISORS}, reverse=True))
