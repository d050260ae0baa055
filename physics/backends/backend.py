"""What a backend offers, and the choice of one."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import jax
import numpy as np

from physics.backends.batch import Batch, Episode
from physics.backends.native.compiler import INSTRUCTIONS, CannotCompileError
from physics.body import Capacity
from physics.cores import count_cores
from physics.schedule import Chunk
from physics.types import Terrain, Walk, Walker
from physics.world import World

Program = Callable[[Batch], Walk]

BACKENDS = ("auto", "xla", "native", *(f"native-{name}" for name in INSTRUCTIONS))

_log = logging.getLogger(__name__)


class Backend(Protocol):
    """Runs batches of walkers; each serves every capacity, terrain and world."""

    @property
    def name(self) -> str:
        """In a few words, such as `native (avx512)`."""
        ...

    @property
    def calls(self) -> int:
        """Chunks that it should be given at once."""
        ...

    def schedule(self, capacities: Sequence[Capacity]) -> list[Chunk]:
        """Splits bodies, given by the capacity that each needs, into chunks."""
        ...

    def join(self, terrains: Sequence[Terrain], world: World) -> Any:
        """What `Batch.terrains` is to be."""
        ...

    def compile(self, batch: Batch, episode: Episode, number: int) -> Callable[[], Walk]:
        """A call that walks the walkers of chunk `number`. Not to be called by several threads."""
        ...

    def paths(self, walker: Walker, terrain: Terrain, episode: Episode) -> np.ndarray:
        """Positions of one walker's joints at every sample, [samples, 2, joints] m.

        Args:
            walker: With a batch axis of one.
            terrain: What it stands on.
            episode: How it walks.
        """
        ...


def open_backend(
    name: str, *, threads: int | None = None, devices: Sequence[jax.Device] | None = None
) -> Backend:
    """The backend of a name.

    Args:
        name: One of BACKENDS. "auto" is the fastest that is there: on a CPU "native", or "xla" with
            a line in the log where the kernel cannot be compiled; elsewhere "xla".
        threads: Cores that are used at once; None: all that this process may use.
        devices: Where to run; all of this process where None.

    Raises:
        ValueError: where the name is unknown or the backend cannot run here.
    """
    from physics.backends.native.backend import Native
    from physics.backends.xla import Xla

    if name not in BACKENDS:
        raise ValueError(f"backend: got {name!r}, want one of {', '.join(BACKENDS)}")
    devices = devices or jax.local_devices()
    on_cpu = devices[0].platform == "cpu"
    if name == "xla" or (name == "auto" and not on_cpu):
        return Xla(devices=tuple(devices), threads=threads)
    if not on_cpu:
        raise ValueError(f"backend: got {name!r} on a {devices[0].platform}, want xla or auto")
    try:
        instructions = name.partition("-")[2] or None
        return Native.open(devices[0], threads or count_cores(), instructions)
    except CannotCompileError as error:
        if name != "auto":
            raise ValueError(f"backend: got {name!r}, but {error}; want xla or auto") from None
        _warn(f"physics: {error}; walks run on xla, about ten times slower")
        return Xla(devices=tuple(devices), threads=threads)


_warned: set[str] = set()


def _warn(message: str) -> None:
    """Logs a message once a process."""
    if message not in _warned:
        _warned.add(message)
        _log.warning(message)
