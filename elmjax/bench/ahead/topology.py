"""TPUs that are not there: names of slices, their chips, and the compiler that the wheel brings."""

import difflib
import importlib.util
import math
import re
from typing import Any

from elmjax.chips import CHIPS, Chip
from elmjax.config import ConfigError

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
