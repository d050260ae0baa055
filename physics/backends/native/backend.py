"""Walks in the kernel: how bodies are dealt into calls of it."""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import numpy as np

from physics.backends.batch import Batch, Episode
from physics.backends.native.columns import Columns, join_columns
from physics.backends.native.compiler import (
    CannotCompileError,
    best_instructions,
    has_instructions,
    load_library,
)
from physics.backends.native.program import Form, compile_batch
from physics.body import CAPACITIES, Capacity
from physics.schedule import SIZE_DIVISORS, Chunk, schedule_alike
from physics.types import Terrain, Walk, Walker
from physics.world import World

# Joints of the largest call: enough for every core, few enough that the next call is packed soon.
MOST_JOINTS = 8192


@dataclasses.dataclass(frozen=True, kw_only=True)
class Native:
    """The kernel on one CPU."""

    device: jax.Device
    instructions: str  # one of `compiler.INSTRUCTIONS`
    threads: int

    @classmethod
    def open(cls, device: jax.Device, threads: int, instructions: str | None) -> "Native":
        """The kernel with some of `compiler.INSTRUCTIONS`, or the best that the processor has.

        Raises:
            CannotCompileError: where it has not, or the kernel cannot be compiled.
        """
        if instructions is None:
            instructions = best_instructions()
        elif not has_instructions(instructions):
            raise CannotCompileError(f"this processor has no {instructions}")
        load_library(CAPACITIES[0], instructions)
        return cls(device=device, instructions=instructions, threads=threads)

    @property
    def name(self) -> str:
        """As `Backend.name`."""
        return f"native ({self.instructions})"

    @property
    def dims(self) -> tuple[int, ...]:
        """As `Backend.dims`."""
        return (2,)

    @property
    def calls(self) -> int:
        """Two, where a call keeps several cores busy: one runs while another is taken over."""
        return min(2, self.threads)

    def schedule(self, capacities: Sequence[Capacity]) -> list[Chunk]:
        """Chunks of bodies of one capacity; rows without a body cost nothing."""
        return schedule_alike(capacities, chunk_sizes)

    def join(self, terrains: Sequence[Terrain], world: World) -> Columns:
        """As `Backend.join`."""
        return join_columns(terrains, world)

    def compile(self, batch: Batch, episode: Episode, number: int) -> Callable[[], Walk]:
        """As `Backend.compile`; all chunks run on the one device."""
        del number
        program = compile_batch(batch, self._form(episode, paths=False), self.device)
        return lambda: jax.tree.map(np.asarray, program(batch)[0])

    def paths(self, walker: Walker, terrain: Terrain, episode: Episode) -> np.ndarray:
        """As `Backend.paths`."""
        batch = Batch(
            walkers=walker,
            terrains=self.join([terrain], episode.world),
            terrain_of=np.zeros(1, np.int32),
        )
        program = compile_batch(batch, self._form(episode, paths=True), self.device)
        return np.asarray(program(batch)[1])[0]

    def _form(self, episode: Episode, *, paths: bool) -> Form:
        return Form(
            episode=episode, instructions=self.instructions, threads=self.threads, paths=paths
        )


def chunk_sizes(capacity: Capacity) -> tuple[int, ...]:
    """The few numbers of walkers that programs of a capacity are compiled for, largest first."""
    largest = max(1, MOST_JOINTS // capacity.joints)
    return tuple(sorted({max(1, largest // divisor) for divisor in SIZE_DIVISORS}, reverse=True))
