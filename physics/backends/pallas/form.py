"""What is compiled into a program of a kernel, and its compilation: once per process and device."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from physics.backends.batch import Episode
from physics.types import Array, Walk

# Of operands: the walks, and the paths of the joints, [batch, samples, 2, joints] m; of no samples
# where they were not asked for.
Program = Callable[[Any], tuple[Walk, Array]]
_Shapes = tuple[tuple[tuple[int, ...], np.dtype], ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """What is compiled in beside the shapes of the operands."""

    episode: Episode
    paths: bool  # of the joints, at every sample
    interpret: bool  # whether to run where there is no such hardware, slowly


def compile_walk(
    walk: Callable[[Any, Form], tuple[Walk, Array]], operands: Any, form: Form, device: jax.Device
) -> Program:
    """The program of `walk` for operands of these shapes.

    Args:
        walk: A function of operands and a form.
        operands: A pytree of NumPy arrays.
        form: How the walkers walk.
        device: Where to run.
    """
    return _compile(walk, *_shapes_of(operands), form, device)


def lower_walk(
    walk: Callable[[Any, Form], tuple[Walk, Array]], operands: Any, form: Form, device: jax.Device
) -> jax.stages.Lowered:
    """What `compile_walk` compiles."""
    return _lower(walk, *_shapes_of(operands), form, device)


def _shapes_of(operands: Any) -> tuple[jax.tree_util.PyTreeDef, _Shapes]:
    leaves, structure = jax.tree.flatten(operands)
    return structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves)


@functools.lru_cache(maxsize=256)
def _compile(
    walk: Callable[[Any, Form], tuple[Walk, Array]],
    structure: jax.tree_util.PyTreeDef,
    shapes: _Shapes,
    form: Form,
    device: jax.Device,
) -> Program:
    return _lower(walk, structure, shapes, form, device).compile()


def _lower(
    walk: Callable[[Any, Form], tuple[Walk, Array]],
    structure: jax.tree_util.PyTreeDef,
    shapes: _Shapes,
    form: Form,
    device: jax.Device,
) -> jax.stages.Lowered:
    sharding = jax.sharding.SingleDeviceSharding(device)
    leaves = [jax.ShapeDtypeStruct(*shape, sharding=sharding) for shape in shapes]
    example = jax.tree.unflatten(structure, leaves)
    return jax.jit(walk, static_argnums=1).lower(example, form)
