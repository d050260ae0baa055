"""TPUs that are not there: names of slices, their chips, and the compiler that the wheel brings."""

import difflib
import importlib.util
import math
import re
from dataclasses import dataclass
from typing import Any

from elmjax.config import ConfigError

GIB = 2**30
# As a machine with a chip would say, and that other processes may have the compiler open. What is
# compiled here is of no use to a run, and what was compiled before has no compile time.
ENVIRONMENT = {
    "JAX_PLATFORMS": "cpu",
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-1",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_WORKER_ID": "0",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
    "JAX_ENABLE_COMPILATION_CACHE": "false",
}
_SQUARES = ("1x1", "2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16")
_CUBES = ("1x1x1", "2x2x1", "2x2x2", "2x2x4", "2x4x4", "4x4x4", "4x4x8", "4x8x8", "8x8x8")


@dataclass(frozen=True)
class Chip:
    """One generation of TPUs."""

    memory: int  # bytes of a chip, as its maker states
    flops_per_second: float  # bfloat16, of a chip, as its maker states
    shapes: tuple[str, ...]  # of slices


CHIPS = {
    "v4": Chip(32 * GIB, 275e12, _CUBES),
    "v5e": Chip(16 * GIB, 197e12, _SQUARES),
    "v5p": Chip(95 * GIB, 459e12, _CUBES),
    "v6e": Chip(32 * GIB, 918e12, _SQUARES),
}


def chip_of(topology: str) -> Chip:
    """The chip of a slice by name, such as v5e:2x4.

    Raises:
        ConfigError: for an unknown name, with the nearest.
    """
    generation, _, shape = topology.partition(":")
    if generation in CHIPS and shape in CHIPS[generation].shapes:
        return CHIPS[generation]
    known = [f"{name}:{shape}" for name, chip in CHIPS.items() for shape in chip.shapes]
    near = difflib.get_close_matches(topology, known, n=3, cutoff=0.3)
    raise ConfigError(
        f"--topology: got {topology!r}, wanted one such as {', '.join(near or known)}"
    )


def check_compiler() -> None:
    """Refuses where there is no compiler for TPUs.

    Raises:
        ConfigError: naming the extra.
    """
    if importlib.util.find_spec("libtpu") is None:
        raise ConfigError(
            "the compiler for TPUs is not installed, wanted the package libtpu; "
            "pip install 'elmjax[tpu]'"
        )


def open_topology(topology: str) -> tuple[Any, ...]:
    """The devices of a slice, one of each chip. In a process with ENVIRONMENT.

    Raises:
        ConfigError: where the name is unknown, or the compiler cannot be had.
    """
    from jax.experimental import topologies

    chip_of(topology)
    shape = [int(side) for side in re.findall(r"\d+", topology.partition(":")[2])]
    # The chips of a host; the compiler assumes four, which a single one is not.
    bounds = {"chips_per_host_bounds": [1, 1, 1]} if math.prod(shape) == 1 else {}
    try:
        devices: Any = topologies.get_topology_desc(topology, "tpu", **bounds).devices
    except RuntimeError as error:
        words = " ".join(str(error).split())[:200]
        raise ConfigError(f"--topology {topology}: the compiler refuses: {words}") from None
    # A v4 counts as two without its cores being joined, as they are where programs run.
    return tuple(device for device in devices if device.core_on_chip == 0)
