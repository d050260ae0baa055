"""Two backends as one: a kernel for the bodies that it serves, and `xla` for larger ones."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from physics.backends.backend import Backend
from physics.backends.batch import Batch, Episode
from physics.body import Capacity
from physics.schedule import Chunk
from physics.types import Terrain, Walk, Walker
from physics.world import World


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Joined:
    """Terrains, as each of the two needs them once there is a batch for it."""

    split: "Split"
    terrains: Sequence[Terrain]
    world: World

    @functools.cached_property
    def small(self) -> Any:
        """What the one backend makes of them."""
        return self.split.small.join(self.terrains, self.world)

    @functools.cached_property
    def large(self) -> Any:
        """What the other makes of them."""
        return self.split.large.join(self.terrains, self.world)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Split:
    """A backend up to so many joints, and another beyond."""

    small: Backend
    large: Backend
    most_joints: int

    @property
    def name(self) -> str:
        """As `Backend.name`."""
        return f"{self.small.name}; more than {self.most_joints} joints: {self.large.name}"

    @property
    def dims(self) -> tuple[int, ...]:
        """As `Backend.dims`."""
        return self.small.dims

    @property
    def calls(self) -> int:
        """As `Backend.calls`."""
        return self.small.calls

    def schedule(self, capacities: Sequence[Capacity]) -> list[Chunk]:
        """As `Backend.schedule`."""
        rows: dict[bool, list[int]] = {True: [], False: []}
        for row, capacity in enumerate(capacities):
            rows[capacity.joints <= self.most_joints].append(row)
        chunks = []
        # The largest bodies first: their chunks take longest.
        for backend, own in ((self.large, rows[False]), (self.small, rows[True])):
            for chunk in backend.schedule([capacities[row] for row in own]):
                chunks.append(dataclasses.replace(chunk, rows=np.array(own)[chunk.rows]))
        return chunks

    def join(self, terrains: Sequence[Terrain], world: World) -> _Joined:
        """As `Backend.join`."""
        return _Joined(split=self, terrains=terrains, world=world)

    def compile(self, batch: Batch, episode: Episode, number: int) -> Callable[[], Walk]:
        """As `Backend.compile`."""
        backend, here = self.chosen(batch)
        return backend.compile(here, episode, number)

    def chosen(self, batch: Batch) -> tuple[Backend, Batch]:
        """Which of the two takes a batch, and the batch on the terrains that it needs."""
        joined = batch.terrains
        if self._is_small(batch.walkers):
            return self.small, dataclasses.replace(batch, terrains=joined.small)
        return self.large, dataclasses.replace(batch, terrains=joined.large)

    def paths(self, walker: Walker, terrain: Terrain, episode: Episode) -> np.ndarray:
        """As `Backend.paths`."""
        backend = self.small if self._is_small(walker) else self.large
        return backend.paths(walker, terrain, episode)

    def _is_small(self, walkers: Walker) -> bool:
        return walkers.position.shape[2] <= self.most_joints
