"""The kernel as a compiled program of JAX: what it is given, in which order, and what it gives."""

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from physics.backends.batch import Batch, Episode
from physics.backends.native.columns import (
    BOX_STEPS,
    LEAD,
    LEAST_BOX,
    ROUNDING,
    most_box,
    most_listed,
)
from physics.backends.native.compiler import load_library
from physics.body import Capacity
from physics.contact import DEPTH_LIMIT, PUSH_RATE
from physics.rollout import MAX_SPEED
from physics.springs import SOFTENING
from physics.types import Array, Walk
from physics.wiring import ends_of
from physics.world import World

# Of the walkers of a batch: their walks, and the paths of their joints, [batch, frames, 2, joints]
# m; no frames where they were not asked for.
Program = Callable[[Batch], tuple[Walk, Array]]

_SPRINGS = ("rest_length", "swing_cosine", "swing_sine", "stiffness", "damping")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """What is compiled into a program beside the shapes of its batch."""

    episode: Episode
    instructions: str  # one of `compiler.INSTRUCTIONS`
    threads: int
    paths: bool  # of the joints, at every sample


def compile_batch(batch: Batch, form: Form, device: jax.Device) -> Program:
    """The program for batches of these shapes; compiled once per process and device.

    Args:
        batch: Walkers wired by `Indices`, on `Columns`; rows whose `terrain_of` is negative stand
            last and are no walkers.
        form: How they walk.
        device: A processor.

    Raises:
        CannotCompileError: where the kernel cannot be compiled.
    """
    joints, springs = batch.walkers.position.shape[2], batch.walkers.stiffness.shape[1]
    target = _register(Capacity(joints, springs), form.instructions)
    operands = _operands(batch, form)
    shapes = tuple((operand.shape, operand.dtype) for operand in operands)
    program = _compile(target, shapes, form.episode, form.paths, device)
    return lambda each: program(*_operands(each, form))


def _operands(batch: Batch, form: Form) -> list[np.ndarray]:
    """The arguments of the kernel, in the order that `source/native.c` names."""
    walkers, terrains, episode = batch.walkers, batch.terrains, form.episode
    count = int(np.count_nonzero(batch.terrain_of >= 0))
    sizes = [count, episode.interval, form.threads, most_listed(terrains)]
    return [
        np.array(sizes, np.int32),
        _constants(episode),
        muscle_clock(episode.world, episode.steps),
        walkers.position,
        walkers.share,
        ends_of(walkers.wiring),
        *(getattr(walkers, name) for name in _SPRINGS),
        batch.terrain_of,
        terrains.terrains,
        terrains.places,
        terrains.entries,
        terrains.bounds,
        terrains.listed,
        terrains.segments,
    ]


@functools.lru_cache(maxsize=16)
def _constants(episode: Episode) -> np.ndarray:
    """The fields of `source/world.h`, in order."""
    world = episode.world
    keep = 1.0 / (1.0 + world.drag * world.time_step)
    return np.array(
        [
            world.time_step,
            -world.substeps_per_second,
            keep,
            world.time_step * keep,
            -world.gravity * world.time_step * keep,
            world.joint_radius,
            -DEPTH_LIMIT * world.joint_radius,
            world.friction,
            -world.restitution,
            -world.restitution_speed,
            -min(1.0, PUSH_RATE * world.time_step),
            SOFTENING,
            world.muscle_rate,
            BOX_STEPS,
            LEAST_BOX,
            most_box(world),
            LEAD * world.time_step,
            ROUNDING,
            MAX_SPEED,
            episode.seconds or 1.0,
        ],
        np.float32,
    )


@functools.lru_cache(maxsize=16)
def muscle_clock(world: World, steps: int) -> np.ndarray:
    """Cosine and sine of the muscles' angle at every step, [2, steps] float32."""
    time = np.arange(steps, dtype=np.float32) * np.float32(world.time_step)
    angle = (np.float32(world.muscle_rate) * time).astype(np.float64)
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


@functools.lru_cache(maxsize=64)
def _register(capacity: Capacity, instructions: str) -> str:
    """Makes a kernel known to JAX, under the name that is returned."""
    library = load_library(capacity, instructions)
    name = f"elmjax_walk_{capacity.joints}x{capacity.springs}_{instructions}"
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(library.walk_batch), platform="cpu")
    return name


@functools.lru_cache(maxsize=256)
def _compile(
    target: str,
    shapes: tuple[tuple[tuple[int, ...], np.dtype], ...],
    episode: Episode,
    paths: bool,
    device: jax.Device,
) -> Callable[..., tuple[Walk, Array]]:
    sharding = jax.sharding.SingleDeviceSharding(device)
    (batch, _, joints), _ = shapes[3]
    samples = episode.steps // episode.interval + 1
    results = (
        jax.ShapeDtypeStruct((batch,), jnp.float32),
        jax.ShapeDtypeStruct((batch,), jnp.bool_),
        jax.ShapeDtypeStruct((batch, samples, 2), jnp.float32),
        jax.ShapeDtypeStruct((batch,), jnp.float32),
        jax.ShapeDtypeStruct((batch,), jnp.float32),
        jax.ShapeDtypeStruct((batch, samples if paths else 0, 2, joints), jnp.float32),
    )

    def call(*operands: Array) -> tuple[Walk, Array]:
        *walk, path = jax.ffi.ffi_call(target, results)(*operands)
        fields = (field.name for field in dataclasses.fields(Walk))
        # The last field, the drift, is of three dimensions.
        return Walk(**dict(zip(fields, walk, strict=False))), path

    operands = [jax.ShapeDtypeStruct(*shape, sharding=sharding) for shape in shapes]
    return jax.jit(call).lower(*operands).compile()
