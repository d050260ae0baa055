"""The kernel for TPUs: the whole walk of 128 walkers, one to a lane, without leaving the chip.

The grid is [blocks, samples]: one turn takes a sample of a block and advances it to the next one.
What is kept from turn to turn is in scratch memory. Joints are rows: eight of them, of 128 walkers,
are a register.
"""

import functools
from typing import Any, NamedTuple

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
from physics.world import World

_SEGMENT_FIELDS = 6
_MEMORY = 100 * 2**20  # bytes, of 128 MiB


def walk_blocks(
    episode: Episode, *, most_groups: int, paths: bool, interpret: bool, **operands: Array
) -> tuple[Array, Array, Array]:
    """Walks of a batch, a multiple of LANES.

    Args:
        episode: How the walkers walk.
        most_groups: Of a block.
        paths: Whether the joints' paths are wanted.
        interpret: Whether to run where there is no TPU, slowly.
        **operands: `blocks` [2, blocks] int32, whether all of a block stand on level ground,
            and the first of its groups of cells; `clock_at` the samples, [2, samples], and
            `clock_from` one to the next, [2, interval], of `muscle_clock`; `position` [2, joints,
            batch] m; `share` [joints, batch]; `springs` [COEFFICIENTS, pairs, batch]; `place`
            [PLACE_FIELDS, batch]; `groups` of `Cells`.

    Returns:
        Centres of mass, [samples, 2, batch] m; MEASURES, [MEASURES, batch]; paths,
        [samples, 2, joints, batch] m, or of no samples.
    """
    _, joints, batch = operands["position"].shape
    samples = episode.steps // episode.interval + 1
    candidates = operands["groups"].shape[1]
    whole = pl.BlockSpec(memory_space=pltpu.SMEM)
    inputs = {
        "blocks": whole,
        "clock_at": whole,
        "clock_from": whole,
        "position": _block(2, joints),
        "share": _block(joints),
        "springs": _block(len(COEFFICIENTS), pair_count(joints)),
        "place": _block(PLACE_FIELDS),
        "groups": pl.BlockSpec(memory_space=pl.ANY),
    }
    outputs = [(_sampled(2), (samples, 2)), (_block(MEASURES), (MEASURES,))]
    if paths:
        outputs.append((_sampled(2, joints), (samples, 2, joints)))
    scratch = [
        (most_groups, candidates),
        (STATE, 2 * joints),
        (joints // 2 - 1, 2, 2 * joints),
        (candidates, joints),
        (2, joints),
    ]
    results = pl.pallas_call(
        functools.partial(_turn, episode, 1 if interpret else _unroll(joints)),
        grid=(batch // LANES, samples),
        in_specs=list(inputs.values()),
        out_specs=[spec for spec, _ in outputs],
        out_shape=[jax.ShapeDtypeStruct((*shape, batch), jnp.float32) for _, shape in outputs],
        scratch_shapes=[pltpu.VMEM((*shape, LANES), jnp.float32) for shape in scratch],
        compiler_params=pltpu.CompilerParams(
            dimension_semantics=("parallel", "arbitrary"), vmem_limit_bytes=_MEMORY
        ),
        interpret=interpret,
        name="walk",
    )(*(operands[name] for name in inputs))
    centers, measures = results[:2]
    path = results[2] if paths else jnp.zeros((0, 2, joints, batch), jnp.float32)
    return centers, measures, path


def _block(*shape: int) -> pl.BlockSpec:
    """Of what each block has."""
    return pl.BlockSpec((*shape, LANES), lambda block, sample: (*(0 for _ in shape), block))


def _sampled(*shape: int) -> pl.BlockSpec:
    """Of what each block has of every sample."""
    return pl.BlockSpec(
        (None, *shape, LANES), lambda block, sample: (sample, *(0 for _ in shape), block)
    )


def _unroll(joints: int) -> int:
    """Shifts compiled side by side: all, where that is code that a chip holds."""
    return joints // 2 - 1 if joints <= 32 else 1


class _Refs(NamedTuple):
    """What a turn reads and writes, with a walker in each lane."""

    blocks: Any
    clock_at: Any
    clock_from: Any
    position: Any
    share: Any
    springs: Any
    place: Any
    groups: Any  # of all terrains
    centers: Any  # [2, lanes] m, of this sample
    measures: Any
    paths: tuple[Any, ...]  # [2, joints, lanes] m, of this sample, where they are wanted
    near: Any  # [most_groups, candidates * 6, lanes], of the terrains of this block
    state: Any  # [STATE, 2 joints, lanes]
    pulls: Any  # see `pull_pairs`
    window: Any  # see `look_up`
    spent: Any  # [2, joints, lanes]: steps with contact, and power over the muscles' rate


def _turn(episode: Episode, unroll: int, *refs: Any) -> None:
    given, paths, kept = refs[:10], refs[10:-5], refs[-5:]
    here = _Refs(*given, paths, *kept)  # type: ignore[call-arg]
    block, sample = pl.program_id(0), pl.program_id(1)
    pl.when(sample == 0)(functools.partial(_enter, here, here.blocks[1, block]))
    _take_sample(here)

    begin = sample * episode.interval
    steps = jnp.minimum(episode.interval, episode.steps - begin)
    is_level = here.blocks[0, block] == 1

    def step(is_level: bool, now: Array, carry: int) -> int:
        clock = _clock(here, sample, now)
        _step(here, episode.world, clock, is_level=is_level, unroll=unroll)
        return carry  # nothing: all is in memory

    @pl.when(is_level)
    def _walk_on_level() -> None:
        jax.lax.fori_loop(0, steps, functools.partial(step, True), 0)

    @pl.when(jnp.logical_not(is_level))
    def _walk_on_ground() -> None:
        def look_and_walk(look: Array, carry: int) -> int:
            look_up(here.near, here.place, here.window, here.state, unroll=unroll > 1)
            first = look * STEPS_PER_LOOK
            last = jnp.minimum(first + STEPS_PER_LOOK, steps)
            return jax.lax.fori_loop(first, last, functools.partial(step, False), carry)

        looks = jax.lax.div(steps + (STEPS_PER_LOOK - 1), STEPS_PER_LOOK)
        jax.lax.fori_loop(0, looks, look_and_walk, 0)

    pl.when(sample == pl.num_programs(1) - 1)(functools.partial(_measure, here, episode))


def _enter(here: _Refs, first_group: Array) -> None:
    """A block at rest where it starts."""
    pltpu.sync_copy(here.groups.at[pl.ds(first_group, here.near.shape[0])], here.near)
    for row in (X, Y):
        _keep(here.state, row, here.position[row])
    for row in (SPEED_X, SPEED_Y):
        _keep(here.state, row, jnp.zeros_like(here.position[0]))
    for each in (here.window, here.spent, here.measures):
        each[...] = jnp.zeros_like(each)


def _take_sample(here: _Refs) -> None:
    for row in (X, Y):
        here.centers[row : row + 1] = _center(here, row)
        for path in here.paths:
            path[row] = here.state[row, : path.shape[1]]
    _check(here)


def _step(
    here: _Refs, world: World, clock: tuple[Array, Array], *, is_level: bool, unroll: int
) -> None:
    """One time step."""
    *force, power = pull_pairs(here.state, here.springs, here.pulls, *clock, unroll=unroll)
    motion = accelerate(world, _motion(here.state), *force)
    if is_level:
        motion, felt = move_on_level(world, here.place[LEVEL : LEVEL + 1], motion)
    else:
        motion, felt = move_among_segments(world, _segments(here.window), motion)
    _keep(here.state, X, motion.x)
    _keep(here.state, Y, motion.y)
    _keep(here.state, SPEED_X, motion.speed_x)
    _keep(here.state, SPEED_Y, motion.speed_y)
    here.spent[0] = here.spent[0] + felt
    here.spent[1] = here.spent[1] + power


def _measure(here: _Refs, episode: Episode) -> None:
    _check(here)
    world, measures = episode.world, here.measures
    contact = jnp.sum(here.share[...] * here.spent[0], axis=0, keepdims=True)
    power = jnp.sum(here.spent[1], axis=0, keepdims=True)
    measures[CONTACT : CONTACT + 1] = contact * (world.time_step / (episode.seconds or 1.0))
    measures[ENERGY : ENERGY + 1] = power * (world.muscle_rate * world.time_step)
    for row, name in ((X, LAST_X), (Y, LAST_Y)):
        measures[name : name + 1] = _center(here, row)


def _keep(state: Any, row: int, value: Array) -> None:
    joints = value.shape[0]
    state[row, :joints] = value
    state[row, joints:] = value


def _clock(here: _Refs, sample: Array, now: Array) -> tuple[Array, Array]:
    """Cosine and sine of the muscles' angle: of that at the sample and that since."""
    cosine, sine = here.clock_at[0, sample], here.clock_at[1, sample]
    cosine_on, sine_on = here.clock_from[0, now], here.clock_from[1, now]
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


def _center(here: _Refs, row: int) -> Array:
    """Of mass, along one axis, [1, lanes] m."""
    share = here.share[...]
    return jnp.sum(share * here.state[row, : share.shape[0]], axis=0, keepdims=True)


def _check(here: _Refs) -> None:
    """Notes which walkers have left the finite and plausible numbers."""
    joints = here.share.shape[0]
    sound = jnp.full((joints, LANES), True)
    for row, most in ((X, jnp.inf), (Y, jnp.inf), (SPEED_X, MAX_SPEED), (SPEED_Y, MAX_SPEED)):
        sound &= jnp.abs(here.state[row, :joints]) < most
    lost = jnp.max(jnp.where(sound, 0.0, 1.0), axis=0, keepdims=True)
    noted = here.measures[DIVERGED : DIVERGED + 1]
    here.measures[DIVERGED : DIVERGED + 1] = jnp.maximum(noted, lost)
