"""The XLA backend: a batch of walkers simulated as one walker whose parts are not connected.

Laying the joints of all walkers on one axis, with spring ends shifted to match, runs `rollout` as
it is and spares XLA the batched gathers and scatters that `vmap` would make of it.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from physics.rollout import measure, rollout
from physics.surface import empty_segment
from physics.types import Array, Outcome, State, Terrain, Walker
from physics.world import World


@struct.dataclass
class Batch:
    """Walkers and the terrains they stand on; NumPy leaves."""

    walkers: Walker  # with a leading batch axis
    terrains: Terrain  # the distinct terrains, from `join_terrains`
    terrain_of: Array  # [batch] int32, each walker's place among them


def simulate_batch(batch: Batch, *, world: World, steps: int, interval: int) -> Outcome:
    """Simulates a batch of walkers for `steps` time steps, sampled every `interval` steps.

    Returns:
        Outcome with a leading batch axis and NumPy leaves.
    """
    program = compile_batch(batch, world=world, steps=steps, interval=interval)
    return jax.tree.map(np.asarray, program(batch))


def compile_batch(
    batch: Batch, *, world: World, steps: int, interval: int
) -> Callable[[Batch], Outcome]:
    """The program for batches of these shapes; compiled once per process.

    Not to be called from several threads at once, which would each compile; the program may be.
    """
    leaves, structure = jax.tree.flatten(batch)
    shapes = tuple(jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves)
    return _compile(structure, shapes, world, steps, interval)


def join_terrains(terrains: Sequence[Terrain]) -> Terrain:
    """Stands the tables of terrains one behind another, one column of grid fields per terrain.

    Cells and terrains are padded to powers of two, so that few programs are compiled.
    """
    candidates = max(terrain.segments.shape[0] for terrain in terrains)
    cells = [terrain.segments.shape[2] for terrain in terrains]
    segments = np.tile(empty_segment()[:, None], (candidates, 1, _power_of_two(sum(cells))))
    first = np.cumsum([0, *cells[:-1]])
    for start, terrain in zip(first, terrains, strict=True):
        here = slice(start, start + terrain.segments.shape[2])
        segments[: terrain.segments.shape[0], :, here] = terrain.segments
    columns = np.arange(_power_of_two(len(terrains))) % len(terrains)

    def join(field: str) -> np.ndarray:
        return np.concatenate([getattr(terrain, field) for terrain in terrains], -1)[..., columns]

    return Terrain(
        segments=segments,
        origin=join("origin"),
        cells_per_metre=join("cells_per_metre"),
        grid=join("grid"),
        first_cell=(join("first_cell") + first[columns]).astype(np.int32),
        floor=np.zeros((2, 0), np.float32),  # walkers are placed already
    )


@functools.lru_cache(maxsize=256)
def _compile(
    structure: jax.tree_util.PyTreeDef,
    shapes: tuple[jax.ShapeDtypeStruct, ...],
    world: World,
    steps: int,
    interval: int,
) -> Callable[[Batch], Outcome]:
    program = functools.partial(_simulate, world=world, steps=steps, interval=interval)
    return jax.jit(program).lower(jax.tree.unflatten(structure, shapes)).compile()


def _simulate(batch: Batch, *, world: World, steps: int, interval: int) -> Outcome:
    joints = batch.walkers.position.shape[2]
    terrain = _terrain_per_joint(batch.terrains, jnp.repeat(batch.terrain_of, joints))
    union = _union(batch.walkers)
    samples, last = rollout(union, terrain, world, steps=steps, interval=interval)
    return jax.vmap(measure)(batch.walkers, _per_walker(samples, joints), _per_walker(last, joints))


def _union(walkers: Walker) -> Walker:
    """One walker made of all walkers of a batch."""
    batch, _, joints = walkers.position.shape
    shift = joints * jnp.arange(batch, dtype=jnp.int32)[:, None, None]
    shifted = dataclasses.replace(walkers, ends=walkers.ends + shift)

    def join(leaf: Array) -> Array:
        if leaf.ndim == 2:
            return leaf.reshape(-1)
        return jnp.swapaxes(leaf, 0, 1).reshape(2, -1)

    return jax.tree.map(join, shifted)


def _terrain_per_joint(terrains: Terrain, terrain_of: Array) -> Terrain:
    """Spreads the grid fields of joined terrains over joints; one terrain broadcasts as it is."""
    if terrains.first_cell.shape[0] == 1:
        return terrains
    return dataclasses.replace(
        terrains,
        origin=terrains.origin[:, terrain_of],
        cells_per_metre=terrains.cells_per_metre[:, terrain_of],
        grid=terrains.grid[:, terrain_of],
        first_cell=terrains.first_cell[terrain_of],
    )


def _per_walker(state: State, joints: int) -> State:
    """States of the union, [..., 2, batch * joints], as [batch, ..., 2, joints]."""

    def split(leaf: Array) -> Array:
        return jnp.moveaxis(leaf.reshape(*leaf.shape[:-1], -1, joints), -2, 0)

    return jax.tree.map(split, state)


def _power_of_two(count: int) -> int:
    return 1 << (count - 1).bit_length()
