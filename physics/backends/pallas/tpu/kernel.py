"""The kernel for TPUs: the whole walk of 128 walkers, one to a lane, without leaving the chip.

The grid is [blocks, samples]: one turn takes a sample of a block and advances it to the next one.
What is kept from turn to turn is in scratch memory. Joints are rows: eight of them, of 128 walkers,
are a register.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import tpu as pltpu

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
from physics.backends.pallas.springs import COEFFICIENTS
from physics.backends.pallas.tpu.cells import LANES, LEVEL, PLACE_FIELDS, STEPS_PER_LOOK
from physics.backends.pallas.tpu.ground import look_up
from physics.backends.pallas.tpu.pairs import (
    SPEED_X,
    SPEED_Y,
    STATE,
    X,
    Y,
    pair_count,
    pull_pairs,
)
from physics.rollout import MAX_SPEED
from physics.types import Array

_SEGMENT_FIELDS = 6
_MEMORY = 100 * 2**20  # bytes, of 128 MiB


def walk_blocks(
    episode: Episode, *, paths: bool, interpret: bool, **operands: Array
) -> tuple[Array, Array, Array]:
    """Walks of a batch, a multiple of LANES.

    Args:
        episode: How the walkers walk.
        paths: Whether the joints' paths are wanted.
        interpret: Whether to run where there is no TPU, slowly.
        **operands: `level` [blocks] int32, whether all stand on level ground; `clock`, of
            `muscle_clock`, at the samples and from each to the next, [2, samples] and
            [2, interval]; `position` [2, joints, batch] m; `share` [joints, batch]; `springs`
            [COEFFICIENTS, pairs, batch]; `place` [PLACE_FIELDS, batch]; `groups` of `Cells`.

    Returns:
        Centres of mass, [samples, 2, batch] m; MEASURES, [MEASURES, batch]; paths,
        [samples, 2, joints, batch] m, or of no samples.
    """
    _, joints, batch = operands["position"].shape
    samples = episode.steps // episode.interval + 1
    candidates = operands["groups"].shape[1]
    whole = pl.BlockSpec(memory_space=pltpu.SMEM)

    def block(*shape: int) -> pl.BlockSpec:
        return pl.BlockSpec((*shape, LANES), lambda block, sample: (*(0 for _ in shape), block))

    def sampled(*shape: int) -> pl.BlockSpec:
        return pl.BlockSpec(
            (None, *shape, LANES),
            lambda block, sample: (sample, *(0 for _ in shape), block),
        )

    names = ("level", "clock_at", "clock_from", "position", "share", "springs", "place", "groups")
    in_specs = [
        whole,
        whole,
        whole,
        block(2, joints),
        block(joints),
        block(len(COEFFICIENTS), pair_count(joints)),
        block(PLACE_FIELDS),
        pl.BlockSpec(memory_space=pltpu.VMEM),
    ]
    outputs = {
        "centers": (sampled(2), (samples, 2, batch)),
        "measures": (block(MEASURES), (MEASURES, batch)),
        "path": (sampled(2, joints), (samples, 2, joints, batch)),
    }
    if not paths:
        outputs.pop("path")
    results = pl.pallas_call(
        functools.partial(_turn, episode, paths, 1 if interpret else _unroll(joints)),
        grid=(batch // LANES, samples),
        in_specs=in_specs,
        out_specs=[spec for spec, _ in outputs.values()],
        out_shape=[jax.ShapeDtypeStruct(shape, jnp.float32) for _, shape in outputs.values()],
        scratch_shapes=[
            pltpu.VMEM((STATE, 2 * joints, LANES), jnp.float32),
            pltpu.VMEM((joints // 2 - 1, 2, 2 * joints, LANES), jnp.float32),
            pltpu.VMEM((candidates, joints, LANES), jnp.float32),
            pltpu.VMEM((2, joints, LANES), jnp.float32),
        ],
        compiler_params=pltpu.CompilerParams(
            dimension_semantics=("parallel", "arbitrary"), vmem_limit_bytes=_MEMORY
        ),
        interpret=interpret,
        name="walk",
    )(*(operands[name] for name in names))
    centers, measures = results[:2]
    path = results[2] if paths else jnp.zeros((0, 2, joints, batch), jnp.float32)
    return centers, measures, path


def _unroll(joints: int) -> int:
    """Shifts compiled side by side: all, where that is code that a chip holds."""
    return joints // 2 - 1 if joints <= 32 else 1


def _turn(episode: Episode, paths: bool, unroll: int, level: Any, *refs: Any) -> None:
    clock_at, clock_from, position, share, springs, place, groups, centers, measures = refs[:9]
    path, (state, pulls, window, spent) = refs[9 : 9 + paths], refs[9 + paths :]
    block, sample = pl.program_id(0), pl.program_id(1)
    joints = position.shape[1]

    @pl.when(sample == 0)
    def _enter() -> None:
        for row in (X, Y):
            _keep(state, row, position[row])
        for row in (SPEED_X, SPEED_Y):
            _keep(state, row, jnp.zeros((joints, LANES), jnp.float32))
        window[...] = jnp.zeros_like(window)
        spent[...] = jnp.zeros_like(spent)
        measures[...] = jnp.zeros_like(measures)

    for row in (X, Y):
        centers[row : row + 1] = _center(share, state, row)
        if paths:
            path[0][row] = state[row, :joints]
    _check(measures, state)

    start = sample * episode.interval
    steps = jnp.minimum(episode.interval, episode.steps - start)

    def step(ground: bool, now: Array, carry: int) -> int:
        cosine, sine = _clock(clock_at, clock_from, sample, now)
        force_x, force_y, power = pull_pairs(state, springs, pulls, cosine, sine, unroll=unroll)
        motion = accelerate(episode.world, _motion(state), force_x, force_y)
        if ground:
            motion, felt = move_among_segments(episode.world, _segments(window), motion)
        else:
            height = place[LEVEL : LEVEL + 1]
            motion, felt = move_on_level(episode.world, height, motion)
        for row, value in zip(
            (X, Y, SPEED_X, SPEED_Y),
            (motion.x, motion.y, motion.speed_x, motion.speed_y),
            strict=True,
        ):
            _keep(state, row, value)
        spent[0] = spent[0] + felt
        spent[1] = spent[1] + power
        return carry

    @pl.when(level[block] == 1)
    def _walk_on_level() -> None:
        jax.lax.fori_loop(0, steps, functools.partial(step, False), 0)

    @pl.when(level[block] == 0)
    def _walk_on_ground() -> None:
        def look_and_walk(look: Array, carry: int) -> int:
            x, y = (state[row, :joints] for row in (X, Y))
            look_up(groups, place, window, x, y, unroll=unroll > 1)
            first = look * STEPS_PER_LOOK
            last = jnp.minimum(first + STEPS_PER_LOOK, steps)
            return jax.lax.fori_loop(first, last, functools.partial(step, True), carry)

        looks = jax.lax.div(steps + (STEPS_PER_LOOK - 1), STEPS_PER_LOOK)
        jax.lax.fori_loop(0, looks, look_and_walk, 0)

    @pl.when(sample == pl.num_programs(1) - 1)
    def _measure() -> None:
        _check(measures, state)
        world = episode.world
        contact = jnp.sum(share[...] * spent[0], axis=0, keepdims=True)
        power = jnp.sum(spent[1], axis=0, keepdims=True)
        measures[CONTACT : CONTACT + 1] = contact * (world.time_step / (episode.seconds or 1.0))
        measures[ENERGY : ENERGY + 1] = power * (world.muscle_rate * world.time_step)
        for row, name in ((X, LAST_X), (Y, LAST_Y)):
            measures[name : name + 1] = _center(share, state, row)


def _keep(state: Any, row: int, value: Array) -> None:
    joints = value.shape[0]
    state[row, :joints] = value
    state[row, joints:] = value


def _clock(clock_at: Any, clock_from: Any, sample: Array, now: Array) -> tuple[Array, Array]:
    """Cosine and sine of the sum of two angles."""
    cosine, sine = clock_at[0, sample], clock_at[1, sample]
    cosine_on, sine_on = clock_from[0, now], clock_from[1, now]
    return cosine * cosine_on - sine * sine_on, sine * cosine_on + cosine * sine_on


def _motion(state: Any) -> Motion:
    joints = state.shape[1] // 2
    x, y, speed_x, speed_y = (state[row, :joints] for row in range(STATE))
    return Motion(x, y, speed_x, speed_y, speed_x, speed_y)


def _segments(window: Any) -> list[list[Array]]:
    count = window.shape[0] // _SEGMENT_FIELDS
    return [
        [window[candidate * _SEGMENT_FIELDS + field] for field in range(_SEGMENT_FIELDS)]
        for candidate in range(count)
    ]


def _center(share: Any, state: Any, row: int) -> Array:
    """Of mass, along one axis, [1, lanes] m."""
    return jnp.sum(share[...] * state[row, : share.shape[0]], axis=0, keepdims=True)


def _check(measures: Any, state: Any) -> None:
    """Notes which walkers have left the finite and plausible numbers."""
    joints = state.shape[1] // 2
    sound = jnp.full((joints, LANES), True)
    for row, most in ((X, jnp.inf), (Y, jnp.inf), (SPEED_X, MAX_SPEED), (SPEED_Y, MAX_SPEED)):
        sound &= jnp.abs(state[row, :joints]) < most
    lost = jnp.max(jnp.where(sound, 0.0, 1.0), axis=0, keepdims=True)
    measures[DIVERGED : DIVERGED + 1] = jnp.maximum(measures[DIVERGED : DIVERGED + 1], lost)
