"""Forces that springs exert on the joints they connect.

Joints have unit mass, so a force is an acceleration, m/s^2. A muscle is a damped spring whose rest
length oscillates: L0 (1 + a cos(w t + 2 pi phase)).
"""

import jax
import jax.numpy as jnp

from physics.types import Array, State, Walker
from physics.world import World

# Keeps the direction of a spring finite when its ends meet, and padded springs out of 0 / 0.
SOFTENING = 1e-6  # m^2


def spring_forces(walker: Walker, world: World, state: State, time: Array) -> Array:
    """Sums the pull of all springs on each joint at `time` (s).

    Returns:
        [2, joints] m/s^2; padded joints receive exactly zero.
    """
    first, second = walker.ends
    pull = _pull(
        _columns(state.position, second) - _columns(state.position, first),
        _columns(state.velocity, second) - _columns(state.velocity, first),
        rest_length_at(walker, world, time),
        walker.stiffness,
        walker.damping,
    )
    # Without the barrier XLA recomputes the pull inside both scatters: half the speed on a CPU.
    pull = jax.lax.optimization_barrier(pull)
    force = jnp.zeros_like(state.position)
    force = force.at[:, first].add(pull, mode="promise_in_bounds")
    return force.at[:, second].add(-pull, mode="promise_in_bounds")


def rest_length_at(walker: Walker, world: World, time: Array) -> Array:
    """Rest lengths at `time` (s), [springs] m; constant for rigid springs."""
    angle = world.muscle_rate * time
    return (
        walker.rest_length
        + walker.swing_cosine * jnp.cos(angle)
        - walker.swing_sine * jnp.sin(angle)
    )


def spring_energy(walker: Walker, position: Array, rest_length: Array) -> Array:
    """Elastic energy of undamped springs, [] m^2/s^2; `spring_forces` is minus its gradient."""
    first, second = walker.ends
    offset = _columns(position, second) - _columns(position, first)
    length = jnp.sqrt(jnp.sum(offset**2, axis=0) + SOFTENING)
    return 0.5 * jnp.sum(walker.stiffness * (length - rest_length) ** 2)


def _pull(
    offset: Array, velocity: Array, rest_length: Array, stiffness: Array, damping: Array
) -> Array:
    """Force on the first end, [2, springs] m/s^2; the second end feels its opposite."""
    dx, dy = offset
    dvx, dvy = velocity
    inverse_length = jax.lax.rsqrt(dx * dx + dy * dy + SOFTENING)
    stretch = 1.0 - rest_length * inverse_length
    stretch_rate = (dvx * dx + dvy * dy) * inverse_length * inverse_length
    return (stiffness * stretch + damping * stretch_rate) * offset


def _columns(rows: Array, index: Array) -> Array:
    return rows.at[:, index].get(mode="promise_in_bounds")
