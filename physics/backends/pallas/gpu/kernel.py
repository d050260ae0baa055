"""The kernel for GPUs, in Triton: a program walks one walker from its start to its end.

Springs stand on a tile of all pairs of joints, because Triton looks nothing up in registers: what a
joint feels is the sum of its row. Terrain is looked up in memory, where it stays in caches.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton as plgpu

from physics.backends.batch import Episode
from physics.backends.pallas.contact import (
    Motion,
    accelerate,
    move_among_segments,
    move_on_level,
)
from physics.backends.pallas.measures import (
    CONTACT,
    DIVERGED,
    ENERGY,
    LAST_X,
    LAST_Y,
    MEASURES,
)
from physics.backends.pallas.springs import COEFFICIENTS, Moment, pull
from physics.rollout import MAX_SPEED
from physics.types import Array

_PAIRS_PER_WARP = 512  # 16 a thread, whose coefficients fit into its registers
# The columns of `grid`.
LAST_COLUMN, LAST_ROW, FIRST_CELL, GRID_FIELDS = range(4)
# The columns of `place`.
LEFT, BOTTOM, ACROSS, UPWARD, PLACE_FIELDS = range(5)


def walk_each(
    episode: Episode, *, paths: bool, interpret: bool, **operands: Array
) -> tuple[Array, Array, Array]:
    """Walks of a batch.

    Args:
        episode: How the walkers walk.
        paths: Whether the joints' paths are wanted.
        interpret: Whether to run where there is no GPU, slowly.
        **operands: `clock`, of `muscle_clock`, [2, steps]; `position` [batch, 2, joints] m; `share`
            [batch, joints]; `springs` [batch, COEFFICIENTS, joints, joints]; `place`, the lower
            left end of the terrain's grid (m) and cells per metre, [batch, PLACE_FIELDS]; `grid`
            [batch, GRID_FIELDS] int32; `segments` [candidates, 6, cells], of `Terrain`.

    Returns:
        Centres of mass, [batch, samples, 2] m; MEASURES, [batch, MEASURES]; paths,
        [batch, samples, 2, joints] m, or of no samples.
    """
    batch, _, joints = operands["position"].shape
    samples = episode.steps // episode.interval + 1

    def each(*shape: int) -> pl.BlockSpec:
        return pl.BlockSpec((None, *shape), lambda walker: (walker, *(0 for _ in shape)))

    def whole(name: str) -> pl.BlockSpec:
        shape = operands[name].shape
        return pl.BlockSpec(shape, lambda walker: (0,) * len(shape))

    in_specs = {
        "clock": whole("clock"),
        "segments": whole("segments"),
        "position": each(2, joints),
        "share": each(joints),
        "springs": each(len(COEFFICIENTS), joints, joints),
        "place": each(PLACE_FIELDS),
        "grid": each(GRID_FIELDS),
    }
    outputs = [(samples, 2), (MEASURES,), *([(samples, 2, joints)] if paths else [])]
    results = pl.pallas_call(
        functools.partial(_walk, episode),
        grid=(batch,),
        in_specs=list(in_specs.values()),
        out_specs=[each(*shape) for shape in outputs],
        out_shape=[jax.ShapeDtypeStruct((batch, *shape), jnp.float32) for shape in outputs],
        # Named, because the default, Mosaic, wants tiles of a warp group.
        compiler_params=plgpu.CompilerParams(
            num_warps=max(1, joints * joints // _PAIRS_PER_WARP), num_stages=1
        ),
        interpret=interpret,
        name="walk",
    )(*(operands[name] for name in in_specs))
    centers, measures = results[:2]
    path = results[2] if paths else jnp.zeros((batch, 0, 2, joints), jnp.float32)
    return centers, measures, path


def _walk(episode: Episode, *refs: Any) -> None:
    clock, segments, position, share, springs, place, grid, centers, measures, *path = refs
    world, shares = episode.world, share[...]
    coefficients = [springs[field] for field in range(len(COEFFICIENTS))]
    zero = jnp.zeros_like(shares)
    start = Motion(position[0], position[1], zero, zero, zero, zero)

    def step(now: Array, carry: tuple[Motion, Array, Array]) -> tuple[Motion, Array, Array]:
        motion, contact, work = carry
        force_x, force_y, power = _pull(motion, coefficients, clock[0, now], clock[1, now])
        motion = accelerate(world, motion, force_x, force_y)
        if segments.shape[2] == 1:  # level ground: nothing to look up
            motion, felt = move_on_level(world, segments[0, 1, 0] + world.joint_radius, motion)
        else:
            here = _look_up(segments, place, grid, motion)
            motion, felt = move_among_segments(world, here, motion)
        return motion, contact + felt, work + power

    def walk_on(sample: Array, carry: tuple[Any, Array]) -> tuple[Any, Array]:
        (motion, *spent), lost = carry
        centers[sample, 0] = jnp.sum(shares * motion.x)
        centers[sample, 1] = jnp.sum(shares * motion.y)
        for frames in path:
            frames[sample, 0], frames[sample, 1] = motion.x, motion.y
        lost = jnp.maximum(lost, _lost(motion))
        begin = sample * episode.interval
        end = jnp.minimum(begin + episode.interval, episode.steps)
        return jax.lax.fori_loop(begin, end, step, (motion, *spent)), lost

    samples = episode.steps // episode.interval + 1
    (last, contact, work), lost = jax.lax.fori_loop(
        0, samples, walk_on, ((start, zero, zero), jnp.float32(0.0))
    )
    time = world.time_step
    measures[DIVERGED] = jnp.maximum(lost, _lost(last))
    measures[CONTACT] = jnp.sum(shares * contact) * (time / (episode.seconds or 1.0))
    measures[ENERGY] = jnp.sum(work) * (world.muscle_rate * time)
    measures[LAST_X] = jnp.sum(shares * last.x)
    measures[LAST_Y] = jnp.sum(shares * last.y)


def _pull(
    motion: Motion, coefficients: list[Array], cosine: Array, sine: Array
) -> tuple[Array, Array, Array]:
    """Forces on the joints, m/s^2, and power of their springs over the muscles' rate."""
    state = (motion.x, motion.y, motion.speed_x, motion.speed_y)
    moment = Moment(*(row[None, :] - row[:, None] for row in state))
    pull_x, pull_y, power = pull(moment, coefficients, cosine, sine)
    # A spring stands twice, once for each end.
    return jnp.sum(pull_x, axis=1), jnp.sum(pull_y, axis=1), 0.5 * jnp.sum(power, axis=1)


def _look_up(segments: Any, place: Any, grid: Any, motion: Motion) -> list[list[Array]]:
    """The fields of each candidate, as `physics.contact.cell_of` finds them."""
    column = ((motion.x - place[LEFT]) * place[ACROSS]).astype(jnp.int32)
    row = ((motion.y - place[BOTTOM]) * place[UPWARD]).astype(jnp.int32)
    column = jnp.clip(column, 0, grid[LAST_COLUMN])
    cell = grid[FIRST_CELL] + column * (grid[LAST_ROW] + 1) + jnp.clip(row, 0, grid[LAST_ROW])
    candidates, fields, _ = segments.shape
    return [[segments[c, field, cell] for field in range(fields)] for c in range(candidates)]


def _lost(motion: Motion) -> Array:
    """1 where a joint has left the finite and plausible numbers, else 0."""
    sound = (jnp.abs(motion.x) < jnp.inf) & (jnp.abs(motion.y) < jnp.inf)
    sound &= (jnp.abs(motion.speed_x) < MAX_SPEED) & (jnp.abs(motion.speed_y) < MAX_SPEED)
    return jnp.max(jnp.where(sound, 0.0, 1.0))
