"""How joints move in one step, element by element: `physics.contact` as the kernels need it.

Arrays may have any one shape. Operations are counted here: roots come from the reciprocal root, of
which processors have an instruction, and nothing is divided.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from physics.contact import DEPTH_LIMIT, PUSH_RATE
from physics.types import Array
from physics.world import World


class Motion(NamedTuple):
    """Joints within a step: where they are, and their velocities before and after forces acted."""

    x: Array  # m
    y: Array  # m
    approach_x: Array  # m/s
    approach_y: Array  # m/s
    speed_x: Array  # m/s
    speed_y: Array  # m/s


class Facing(NamedTuple):
    """A surface that joints face."""

    normal_x: Array
    normal_y: Array
    gap: Array  # m; infinite where there is none


def accelerate(world: World, motion: Motion, force_x: Array, force_y: Array) -> Motion:
    """The joints at the beginning of a step, after springs, gravity and drag have acted.

    Args:
        world: The world.
        motion: The joints after the step before.
        force_x: Of the springs, m/s^2.
        force_y: The same.
    """
    keep = 1.0 / (1.0 + world.drag * world.time_step)
    gain = world.time_step * keep
    return motion._replace(
        approach_x=motion.speed_x,
        approach_y=motion.speed_y,
        speed_x=keep * motion.speed_x + gain * force_x,
        speed_y=(keep * motion.speed_y - gain * world.gravity) + gain * force_y,
    )


def move_on_level(world: World, level: Array, motion: Motion) -> tuple[Motion, Array]:
    """Moves joints over level ground: of a contact whose normal points up most terms vanish.

    Args:
        world: The world.
        level: Height of joints that lie on the ground, m.
        motion: The joints.

    Returns:
        The joints after the step, and 1 where they felt the ground, else 0.
    """
    gap = motion.y - level
    impulse = _impulse(world, gap, motion.approach_y, motion.speed_y)
    speed_x = motion.speed_x - _held(world, impulse, motion.speed_x)
    speed_y = motion.speed_y + impulse
    push = _push(world, gap, speed_y)
    return _advance(world, motion, (speed_x, speed_y), (0.0, push)), _felt(impulse)


def move_among_segments(
    world: World, segments: Sequence[Sequence[Array]], motion: Motion
) -> tuple[Motion, Array]:
    """Moves joints among the segments that they may touch, which are handled in order.

    Args:
        world: The world.
        segments: The fields of `Terrain.segments`, of each candidate.
        motion: The joints.

    Returns:
        As `move_on_level`.
    """
    facings = [face(world, segment, motion.x, motion.y) for segment in segments]
    speed_x, speed_y = motion.speed_x, motion.speed_y
    most = jnp.zeros_like(speed_x)
    for facing in facings:
        approach = _along(facing, motion.approach_x, motion.approach_y)
        impulse = _impulse(world, facing.gap, approach, _along(facing, speed_x, speed_y))
        # The tangent is the normal turned right, (y, -x).
        slide = facing.normal_y * speed_x - facing.normal_x * speed_y
        held = _held(world, impulse, slide)
        speed_x = speed_x + (impulse * facing.normal_x - held * facing.normal_y)
        speed_y = speed_y + (impulse * facing.normal_y + held * facing.normal_x)
        most = jnp.maximum(most, impulse)
    push_x, push_y = jnp.zeros_like(speed_x), jnp.zeros_like(speed_x)
    for facing in facings:
        push = _push(world, facing.gap, _along(facing, speed_x, speed_y))
        push_x, push_y = push_x + push * facing.normal_x, push_y + push * facing.normal_y
    return _advance(world, motion, (speed_x, speed_y), (push_x, push_y)), _felt(most)


def face(world: World, segment: Sequence[Array], x: Array, y: Array) -> Facing:
    """What joints face of a segment each: its inside, the convex corner at its end, or nothing."""
    start_x, start_y, tangent_x, tangent_y, length, corner = segment
    dx, dy = x - start_x, y - start_y
    along = tangent_x * dx + tangent_y * dy
    side = tangent_x * dy - tangent_y * dx
    beyond = along - length
    rounds = (beyond > 0.0) & (beyond * corner < side)
    inside = (along >= 0.0) & (beyond <= 0.0) & (side > -DEPTH_LIMIT * world.joint_radius)
    squared = jnp.where(rounds, beyond * beyond + side * side, 1.0)
    inverse = jax.lax.rsqrt(squared)
    ahead = jnp.where(rounds, beyond * inverse, 0.0)
    upward = jnp.where(rounds, side * inverse, 1.0)
    distance = jnp.where(rounds, squared * inverse, side)
    return Facing(
        normal_x=ahead * tangent_x - upward * tangent_y,
        normal_y=ahead * tangent_y + upward * tangent_x,
        gap=jnp.where(inside | rounds, distance - world.joint_radius, jnp.inf),
    )


def _along(facing: Facing, x: Array, y: Array) -> Array:
    return facing.normal_x * x + facing.normal_y * y


def _impulse(world: World, gap: Array, approach: Array, speed: Array) -> Array:
    """The normal impulse, m/s, by the gap (m) and the speeds away from the surface (m/s)."""
    rebounds = (approach < -world.restitution_speed) & (gap <= 0.0)
    slowest = jnp.minimum(gap * -float(world.substeps_per_second), 0.0)
    least = jnp.where(rebounds, approach * -world.restitution, slowest)
    return jnp.maximum(least - speed, 0.0)


def _held(world: World, impulse: Array, slide: Array) -> Array:
    """What friction takes of a sliding speed, m/s."""
    most = world.friction * impulse
    return jnp.clip(slide, -most, most)


def _push(world: World, gap: Array, speed: Array) -> Array:
    """How far overlap is removed by position alone, m."""
    rate = min(1.0, PUSH_RATE * world.time_step)
    return jnp.maximum((gap + world.time_step * speed) * -rate, 0.0)


def _felt(impulse: Array) -> Array:
    return jnp.where(impulse > 0.0, 1.0, 0.0)


def _advance(
    world: World, motion: Motion, speed: tuple[Array, Array], push: tuple[Array, Array]
) -> Motion:
    (speed_x, speed_y), (push_x, push_y) = speed, push
    return motion._replace(
        x=motion.x + (world.time_step * speed_x + push_x),
        y=motion.y + (world.time_step * speed_y + push_y),
        speed_x=speed_x,
        speed_y=speed_y,
    )
