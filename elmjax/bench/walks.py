"""The one place where benchmarks call the simulation, and what can be chosen there."""

from collections.abc import Sequence

import jax

from elmjax.bench.machine import count_cores
from physics.body import Body
from physics.simulate import simulate
from physics.types import Outcome, Terrain
from physics.world import World


def walk(
    bodies: Sequence[Body],
    terrains: Sequence[Terrain],
    *,
    backend: str,
    workers: int,
    seconds: float,
) -> Outcome:
    """Simulates bodies in the default world, from host arrays to host arrays.

    Args:
        bodies: Walkers of any capacities.
        terrains: One for each.
        backend: One of `physics.backends.backend.BACKENDS`.
        workers: Threads on a CPU, else devices, that run chunks side by side.
        seconds: Length of the walks, s.
    """
    where = {"threads": workers} if runs_on_cpu() else {"devices": jax.local_devices()[:workers]}
    return simulate(bodies, terrains, world=World(), seconds=seconds, backend=backend, **where)


def worker_counts() -> list[int]:
    """Numbers of workers to scale over: 1, 2, 4 ... and all that the machine has."""
    most = count_cores() if runs_on_cpu() else len(jax.local_devices())
    return sorted({min(2**power, most) for power in range(most.bit_length() + 1)})


def runs_on_cpu() -> bool:
    """Whether walks run on this machine's cores."""
    return jax.default_backend() == "cpu"
