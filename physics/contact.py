"""Contact of joints (discs) with the surface of a terrain: a velocity constraint along the normal.

A joint at distance `gap` from the surface may approach it by no more than `gap` in one step, so it
cannot pass through however fast it is. Coulomb friction acts on what the constraint took, against
the whole of the velocity along the surface. Candidate segments are handled one after another, which
is what makes a corner of floor and wall hold. In three dimensions joints are balls, segments go on
in depth, and a relief is one more candidate.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from physics.relief import touch_relief
from physics.types import Array, Terrain
from physics.vectors import dot
from physics.world import World

# A centre deeper than this share of the radius below a surface does not feel it: it belongs to the
# far side of a block.
DEPTH_LIMIT = 0.5
# Overlap is removed by position alone, at this rate, so that it never becomes kinetic energy.
PUSH_RATE = 120.0  # 1/s


def resolve_contacts(
    terrain: Terrain, world: World, position: Array, approach: Array, velocity: Array
) -> tuple[Array, Array, Array]:
    """Keeps joints out of the terrain during one step.

    Args:
        terrain: The terrain.
        world: Radius, friction, restitution and the time step.
        position: [dim, joints] m, at the start of the step.
        approach: [dim, joints] m/s, before forces acted; decides the rebound.
        velocity: [dim, joints] m/s, after forces acted.

    Returns:
        The velocity that respects the contacts, [dim, joints] m/s, what to add to the position to
        remove overlap, [dim, joints] m, and whether the joint felt a contact, [joints] bool.
    """
    contacts = [
        _contact(segment, world.joint_radius, position)
        for segment in _candidates(terrain, position)
    ]
    if terrain.relief is not None:
        look_up = _gather if terrain.by_gather else _multiply
        contacts.append(touch_relief(terrain.relief, world.joint_radius, position, look_up))
    touching = jnp.zeros(position.shape[1:], bool)
    for normal, gap in contacts:
        velocity, impulse = _constrain(world, normal, gap, approach, velocity)
        touching |= impulse > 0.0
    push = jnp.zeros_like(position)
    rate = min(1.0, PUSH_RATE * world.time_step)
    for normal, gap in contacts:
        overlap = jnp.maximum(-(gap + world.time_step * dot(velocity, normal)), 0.0)
        push += rate * overlap * normal
    return velocity, push, touching


def cell_of(terrain: Terrain, position: Array) -> Array:
    """The cell each joint's centre stands in, [joints] int32."""
    # Clipped after the conversion, which maps what is not finite to some integer: the gather that
    # follows trusts this number. Below zero truncation rounds up, to the first cell as well.
    x, y, *_ = position
    column = ((x - terrain.origin[0]) * terrain.cells_per_metre[0]).astype(jnp.int32)
    row = ((y - terrain.origin[1]) * terrain.cells_per_metre[1]).astype(jnp.int32)
    columns, rows = terrain.grid
    return terrain.first_cell + jnp.clip(column, 0, columns - 1) * rows + jnp.clip(row, 0, rows - 1)


def _candidates(terrain: Terrain, position: Array) -> Sequence[Array]:
    """The segments each joint may touch in this step: for each candidate, [6, joints]."""
    if terrain.segments.shape[-1] == 1:  # flat ground: nothing to look up
        return terrain.segments
    # The barriers keep XLA from repeating the look-up for every use: a third faster on a CPU.
    cell = jax.lax.optimization_barrier(cell_of(terrain, position))
    look_up = _gather if terrain.by_gather else _multiply
    return [
        jax.lax.optimization_barrier(look_up(segments, cell))
        for segments in jnp.asarray(terrain.segments)
    ]


def _gather(table: Array, cell: Array) -> Array:
    """Columns of a table [rows, cells] for each joint, [rows, joints]."""
    return table.at[:, cell].get(mode="promise_in_bounds")


def _multiply(table: Array, cell: Array) -> Array:
    """As `_gather`."""
    one_hot = jax.nn.one_hot(cell, table.shape[1], axis=0, dtype=table.dtype)
    # Exact at the highest precision: every product but one is zero.
    return jnp.matmul(table, one_hot, precision=jax.lax.Precision.HIGHEST)


def _contact(segment: Array, radius: float, position: Array) -> tuple[Array, Array]:
    """Surface normal [dim, joints] and gap [joints] m to one candidate; infinite where it is none.

    A joint faces either the segment's inside or the convex corner at its end: straight and concave
    seams have no corner, so nothing sticks out where two segments meet.
    """
    start_x, start_y, tangent_x, tangent_y, length, corner = segment
    dx, dy = position[0] - start_x, position[1] - start_y
    along = tangent_x * dx + tangent_y * dy
    side = tangent_x * dy - tangent_y * dx
    beyond = along - length
    inside = (along >= 0.0) & (beyond <= 0.0) & (side > -DEPTH_LIMIT * radius)
    rounding = (beyond > 0.0) & (beyond * corner < side)

    # Neither root nor quotient may see the zeros of joints that face no corner: gradients.
    to_corner = jnp.sqrt(jnp.where(rounding, beyond**2 + side**2, 1.0))
    ahead = jnp.where(rounding, beyond / to_corner, 0.0)
    upward = jnp.where(rounding, side / to_corner, 1.0)
    across = (ahead * tangent_x - upward * tangent_y, ahead * tangent_y + upward * tangent_x)
    level = [jnp.zeros_like(dx) for _ in position[2:]]  # a segment goes on in depth
    normal = jnp.stack([*across, *level])
    distance = jnp.where(rounding, to_corner, side)
    return normal, jnp.where(inside | rounding, distance - radius, jnp.inf)


def _constrain(
    world: World, normal: Array, gap: Array, approach: Array, velocity: Array
) -> tuple[Array, Array]:
    """Velocity after one contact, [dim, joints] m/s, and its normal impulse, [joints] m/s."""
    approach_speed = -dot(approach, normal)
    rebounds = (approach_speed > world.restitution_speed) & (gap <= 0.0)
    least = jnp.where(
        rebounds, world.restitution * approach_speed, jnp.minimum(-gap / world.time_step, 0.0)
    )
    impulse = jnp.maximum(least - dot(velocity, normal), 0.0)
    most = world.friction * impulse
    change = _change_in_plane if len(velocity) == 2 else _change_in_space
    return velocity + change(normal, velocity, impulse, most), impulse


def _change_in_plane(normal: Array, velocity: Array, impulse: Array, most: Array) -> Array:
    """What an impulse and friction, of at most `most`, add to a velocity; [2, joints] m/s."""
    slide = normal[0] * velocity[1] - normal[1] * velocity[0]
    grip = jnp.clip(slide, -most, most)
    # The tangent is the normal turned left, (-y, x): friction takes `grip` of it away.
    change = [impulse * normal[0] + grip * normal[1], impulse * normal[1] - grip * normal[0]]
    return jnp.stack(change)


def _change_in_space(normal: Array, velocity: Array, impulse: Array, most: Array) -> Array:
    """As `_change_in_plane`, [3, joints]: friction is against the slide, wherever that goes."""
    slide = velocity - dot(velocity, normal) * normal
    squared = dot(slide, slide)
    # The root must not see zero: gradients. A slide that is held whole is taken as it is.
    speed = jnp.sqrt(jnp.where(squared > 0.0, squared, 1.0))
    return impulse * normal - jnp.where(speed <= most, 1.0, most / speed) * slide
