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
from physics.entry import entry, is_entry
from physics.parameters import unknown
from physics.schedule import Chunk
from physics.types import Terrain, Walk, Walker
from physics.world import World

Program = Callable[[Batch], Walk]

# Where each runs, as JAX calls the platform; `auto` and `xla` run anywhere.
_PLATFORMS = {
    "native": "cpu",
    **{f"native-{name}": "cpu" for name in INSTRUCTIONS},
    "pallas_tpu": "tpu",
    "pallas_gpu": "gpu",
}
BACKENDS = ("auto", "xla", *_PLATFORMS)
_PARTS = ("name", "calls", "schedule", "join", "compile", "paths")  # of a Backend
# Those that also serve three dimensions; a backend that serves them alone would refuse two below.
_SPATIAL = ("auto", "xla")
# The extra that brings a platform.
_EXTRAS = {"tpu": "tpu", "gpu": "cuda"}

_log = logging.getLogger(__name__)


class Backend(Protocol):
    """Runs batches of walkers; each serves every terrain and world."""

    @property
    def name(self) -> str:
        """In a few words, such as `native (avx512)`."""
        ...

    @property
    def dims(self) -> tuple[int, ...]:
        """Dimensions of space that it serves, of 2 and 3."""
        ...

    @property
    def calls(self) -> int:
        """Chunks that it should be given at once."""
        ...

    def schedule(self, capacities: Sequence[Capacity]) -> list[Chunk]:
        """Splits bodies, given by the capacity that each needs, into chunks.

        Raises:
            ValueError: where it does not serve one of the capacities.
        """
        ...

    def join(self, terrains: Sequence[Terrain], world: World) -> Any:
        """What `Batch.terrains` is to be."""
        ...

    def compile(self, batch: Batch, episode: Episode, number: int) -> Callable[[], Walk]:
        """A call that walks the walkers of chunk `number`. Not to be called by several threads."""
        ...

    def paths(self, walker: Walker, terrain: Terrain, episode: Episode) -> np.ndarray:
        """Positions of one walker's joints at every sample, [samples, dim, joints] m.

        Args:
            walker: With a batch axis of one.
            terrain: What it stands on.
            episode: How it walks.
        """
        ...


def open_backend(
    name: str,
    *,
    dim: int = 2,
    threads: int | None = None,
    devices: Sequence[jax.Device] | None = None,
) -> Backend:
    """The backend of a name.

    Args:
        name: One of BACKENDS, or `module:function` of a function that takes `threads` and
            `devices` and returns a Backend. "auto" is the best that is there: on a CPU "native",
            or "xla" with a line in the log where the kernel cannot be compiled; on a TPU
            "pallas_tpu"; elsewhere, and in three dimensions, "xla". Bodies that are too large for a
            kernel in Pallas walk on "xla".
        dim: Dimensions of space that it is to serve, 2 or 3; one's own is not asked.
        threads: Cores that are used at once; None: all that this process may use.
        devices: Where to run; all of this process where None.

    Raises:
        ValueError: where the name is unknown, or the backend cannot run here or not serve `dim`.
    """
    devices = tuple(devices or jax.local_devices())
    if is_entry(name):
        return _of_others(name, devices, threads)
    if name not in BACKENDS:
        raise ValueError(unknown("backend", name, BACKENDS))
    if dim == 3 and name not in _SPATIAL:
        raise ValueError(
            f"backend: got {name!r}, which knows two dimensions, for walkers in three; want one of "
            f"{', '.join(_SPATIAL)}"
        )
    platform = devices[0].platform
    if name == "xla" or (name == "auto" and dim == 3):
        return _xla(devices, threads)
    if name == "auto":
        return _best(platform, devices, threads)
    if _PLATFORMS[name] != platform:
        raise ValueError(_elsewhere(name, platform))
    if name == "pallas_tpu":
        return _pallas_tpu(devices, threads)
    if name == "pallas_gpu":
        return _pallas_gpu(devices, threads)
    try:
        return _native(devices, threads, name.partition("-")[2] or None)
    except CannotCompileError as error:
        raise ValueError(f"backend: got {name!r}, but {error}; want xla or auto") from None


def _best(platform: str, devices: tuple[jax.Device, ...], threads: int | None) -> Backend:
    if platform == "tpu":
        return _pallas_tpu(devices, threads)
    xla = _xla(devices, threads)
    # No GPU has run `pallas_gpu` yet: whoever has one asks for it by name.
    if platform != "cpu":
        return xla
    try:
        return _native(devices, threads, None)
    except CannotCompileError as error:
        _warn(f"physics: {error}; walks run on xla, about ten times slower")
        return xla


# Each is imported where it is wanted: Pallas alone takes half a second.


def _xla(devices: tuple[jax.Device, ...], threads: int | None) -> Backend:
    from physics.backends.xla import Xla

    return Xla(devices=devices, threads=threads)


def _native(
    devices: tuple[jax.Device, ...], threads: int | None, instructions: str | None
) -> Backend:
    from physics.backends.native.backend import Native

    return Native.open(devices[0], threads or count_cores(), instructions)


def _of_others(name: str, devices: tuple[jax.Device, ...], threads: int | None) -> Backend:
    """A backend that is not ours.

    Raises:
        ValueError: where there is no such function, or it gives something else.
    """
    try:
        backend = entry(name)(devices=devices, threads=threads)
    except ValueError as error:
        raise ValueError(f"backend: {error}") from None
    missing = [part for part in _PARTS if not hasattr(backend, part)]
    if missing:
        raise ValueError(
            f"backend: {name} gives a {type(backend).__name__} without {', '.join(missing)}, want "
            "a physics.backends.backend.Backend"
        )
    return backend


def _pallas_tpu(devices: tuple[jax.Device, ...], threads: int | None) -> Backend:
    from physics.backends.pallas.tpu.backend import PallasTpu
    from physics.backends.split import Split

    kernel = PallasTpu(devices=devices, threads=threads)
    return Split(small=kernel, large=_xla(devices, threads), most_joints=kernel.most_joints)


def _pallas_gpu(devices: tuple[jax.Device, ...], threads: int | None) -> Backend:
    from physics.backends.pallas.gpu.backend import PallasGpu
    from physics.backends.split import Split

    kernel = PallasGpu(devices=devices, threads=threads)
    return Split(small=kernel, large=_xla(devices, threads), most_joints=kernel.most_joints)


def _elsewhere(name: str, platform: str) -> str:
    """What is wrong with a backend on a platform, and what to do."""
    wanted = _PLATFORMS[name]
    message = f"backend: got {name!r} on a {platform}, want a {wanted}"
    if wanted in _EXTRAS:
        message += f" (where there is one: pip install 'elmjax[{_EXTRAS[wanted]}]')"
    return f"{message}; xla and auto run here"


_warned: set[str] = set()


def _warn(message: str) -> None:
    """Logs a message once a process."""
    if message not in _warned:
        _warned.add(message)
        _log.warning(message)
