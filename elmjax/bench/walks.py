"""The one place where benchmarks call the simulation, and what can be chosen there."""

from collections.abc import Sequence

import jax

import physics.simulate as simulation
from elmjax.bench.machine import count_cores
from physics.body import Body
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
        backend: One of `elmjax.bench.plan.BACKENDS`.
        workers: Threads that run chunks side by side; one of `worker_counts`.
        seconds: Length of the walks, s.
    """
    del backend  # there is one
    usual = simulation.THREADS
    simulation.THREADS = workers
    try:
        return simulation.simulate(bodies, terrains, world=World(), seconds=seconds)
    finally:
        simulation.THREADS = usual


def worker_counts() -> list[int]:
    """Numbers of workers to scale over: 1, 2, 4 ... and all that the machine has."""
    # On an accelerator threads only feed the device, and `simulate` uses one device.
    most = count_cores() if runs_on_cpu() else 1
    return sorted({min(2**power, most) for power in range(most.bit_length() + 1)})


def runs_on_cpu() -> bool:
    """Whether walks run on this machine's cores."""
    return jax.default_backend() == "cpu"
