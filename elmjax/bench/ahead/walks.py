"""Programs of the physics: one for every capacity of bodies, of the largest chunk of a batch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from elmjax.bench.ahead.program import Program, Target
from elmjax.bench.cases import bucket_name, in_turn, random_bodies
from elmjax.config import Config
from elmjax.stages.run import terrain_lines
from physics.backends.backend import Backend, open_backend
from physics.backends.batch import Batch, Episode
from physics.backends.pallas.tpu.backend import PallasTpu
from physics.backends.split import Split
from physics.backends.xla import Xla
from physics.body import CAPACITIES, Capacity
from physics.simulate import simulate
from physics.terrain import build
from physics.types import Walk

# What backends are on a TPU, by dimensions of space.
_ON_TPU = {
    2: {"auto": "pallas_tpu", "pallas_tpu": "pallas_tpu", "xla": "xla"},
    3: {"auto": "xla", "xla": "xla"},
}


class _PackedError(Exception):
    """Ends a call of `simulate` once it has packed its first chunk."""

    def __init__(self, batch: Batch, episode: Episode) -> None:
        super().__init__("packed")
        self.batch, self.episode = batch, episode


@dataclass(frozen=True, kw_only=True)
class _Packer:
    """A backend that hands back what another one would compile."""

    backend: Backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def compile(self, batch: Batch, episode: Episode, number: int) -> Callable[[], Walk]:
        """As `Backend.compile`, but for the end."""
        raise _PackedError(batch, episode)


def walks(target: Target, bodies: int, terrains: Sequence[str]) -> Iterator[Program]:
    """Programs that walk so many bodies, wherever all of them are of one capacity.

    Hosts share the bodies. Chunks of the kernel go to the devices of a host in turn, so that each
    runs on one; XLA's are spread over all of these.

    Args:
        target: Whose.
        bodies: That are judged at once.
        terrains: By name; the bodies stand on them in turn.
    """
    config = target.config
    name = _ON_TPU[config.physics.dim].get(config.physics.backend)
    if name is None:
        return  # asked for by name, it runs on no TPU
    backend = open_backend(name, devices=target.of_a_host, dim=config.physics.dim)
    count = -(-bodies // target.hosts) * max(1, config.robust.starts)
    for capacity in CAPACITIES:
        batch, episode = _pack(backend, config, capacity, count, terrains)
        chosen, batch = backend.chosen(batch) if isinstance(backend, Split) else (backend, batch)
        assert isinstance(chosen, PallasTpu | Xla)
        yield Program(
            stage=target.stage,
            name=f"walks {bucket_name(capacity)}, {type(chosen).__name__}",
            shape=f"{len(batch.terrain_of):,} walkers",
            devices=len(target.of_a_host) if isinstance(chosen, Xla) else 1,
            lower=partial(chosen.lower, batch, episode, 0),
        )


def _pack(
    backend: Backend, config: Config, capacity: Capacity, count: int, terrains: Sequence[str]
) -> tuple[Batch, Episode]:
    """The first chunk that `simulate` makes of so many bodies."""
    grounds = [build(terrain_lines(config, name)) for name in terrains]
    (body,) = random_bodies(capacity, 1)
    if config.physics.dim == 3:
        body = replace(body, joints=np.pad(body.joints, ((0, 0), (0, 1))))
    bodies = in_turn([body], count)
    try:
        simulate(
            bodies,
            in_turn(grounds, count),
            world=config.world,
            seconds=config.seconds,
            backend=_Packer(backend=backend),
        )
    except _PackedError as packed:
        return packed.batch, packed.episode
    raise AssertionError("simulate compiled nothing")
