"""The XLA backend: `rollout` compiled for a batch, in the form that suits the platform."""

import functools
from collections.abc import Callable

import jax
import numpy as np

from physics.backends.batch import Batch, Episode
from physics.backends.lanes import rewire, simulate_lanes
from physics.backends.union import simulate_union
from physics.types import Walk

Program = Callable[[Batch], Walk]


def prepare(batch: Batch, device: jax.Device, *, lanes: bool | None = None) -> Batch:
    """The batch in the form for a device, still in NumPy.

    Args:
        batch: Walkers wired by `Indices`.
        device: Where it will run.
        lanes: Whether to run without gathers, `backends.lanes`; None decides by the device.
    """
    if lanes is None:
        lanes = device.platform == "tpu"
    return rewire(batch) if lanes else batch


def compile_batch(batch: Batch, episode: Episode, device: jax.Device) -> Program:
    """The program for prepared batches of these shapes; compiled once per process and device.

    Not to be called from several threads at once, which would each compile; the program may be.

    Args:
        batch: Of `prepare`.
        episode: How the walkers walk.
        device: Where to run.

    Returns:
        A function of a batch that gives its walks, with a leading batch axis.
    """
    leaves, structure = jax.tree.flatten(batch)
    shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
    return _compile(structure, shapes, episode, device)


@functools.lru_cache(maxsize=256)
def _compile(
    structure: jax.tree_util.PyTreeDef,
    shapes: tuple[tuple[tuple[int, ...], np.dtype], ...],
    episode: Episode,
    device: jax.Device,
) -> Program:
    sharding = jax.sharding.SingleDeviceSharding(device)
    leaves = [jax.ShapeDtypeStruct(*shape, sharding=sharding) for shape in shapes]
    example = jax.tree.unflatten(structure, leaves)
    simulate = simulate_union if example.terrains.by_gather else simulate_lanes
    return jax.jit(simulate, static_argnums=1).lower(example, episode).compile()
