"""Forces that springs exert on the joints they connect, and the power that muscles spend on them.

Joints have unit mass, so a force is an acceleration, m/s^2. A muscle is a damped spring whose rest
length oscillates: L0 (1 + a cos(w t + 2 pi phase)).
"""

import jax
import jax.numpy as jnp

from physics.types import Array, State, Walker
from physics.vectors import dot
from physics.world import World

# Keeps the direction of a spring finite when its ends meet, and padded springs out of 0 / 0.
SOFTENING = 1e-6  # m^2


def spring_forces(walker: Walker, world: World, state: State, time: Array) -> tuple[Array, Array]:
    """The pull of all springs at `time` (s), and what it costs their muscles.

    Returns:
        Force on each joint, [dim, joints] m/s^2, exactly zero where padded, and the power that each
        muscle puts into its spring by changing the rest length, [*springs] m^2/s^3; zero while the
        spring drives the muscle, because muscles do not recover energy.
    """
    offset = walker.wiring.differences(state.position)
    pull, tension = _pull(
        offset,
        walker.wiring.differences(state.velocity),
        rest_length_at(walker, world, time),
        walker.stiffness,
        walker.damping,
    )
    power = jnp.maximum(-tension * rest_length_rate(walker, world, time), 0.0)
    # Without the barrier XLA recomputes the pull inside both scatters: half the speed on a CPU.
    pull, power = jax.lax.optimization_barrier((pull, power))
    return walker.wiring.sums(pull, state.position.shape[1]), power


def rest_length_at(walker: Walker, world: World, time: Array) -> Array:
    """Rest lengths at `time` (s), [*springs] m; constant for rigid springs."""
    angle = world.muscle_rate * time
    return (
        walker.rest_length
        + walker.swing_cosine * jnp.cos(angle)
        - walker.swing_sine * jnp.sin(angle)
    )


def rest_length_rate(walker: Walker, world: World, time: Array) -> Array:
    """Rate of change of `rest_length_at`, [*springs] m/s."""
    angle = world.muscle_rate * time
    return -world.muscle_rate * (
        walker.swing_cosine * jnp.sin(angle) + walker.swing_sine * jnp.cos(angle)
    )


def spring_energy(walker: Walker, position: Array, rest_length: Array) -> Array:
    """Elastic energy of undamped springs, [] m^2/s^2; `spring_forces` is minus its gradient."""
    offset = walker.wiring.differences(position)
    length = jnp.sqrt(jnp.sum(offset**2, axis=0) + SOFTENING)
    return walker.wiring.total(0.5 * walker.stiffness * (length - rest_length) ** 2)


def _pull(
    offset: Array, velocity: Array, rest_length: Array, stiffness: Array, damping: Array
) -> tuple[Array, Array]:
    """Force on the first end, [dim, *springs] m/s^2, and elastic tension, [*springs] m/s^2."""
    squared = dot(offset, offset) + SOFTENING
    inverse_length = jax.lax.rsqrt(squared)
    stretch = stiffness * (1.0 - rest_length * inverse_length)
    stretch_rate = dot(velocity, offset) * inverse_length * inverse_length
    return (stretch + damping * stretch_rate) * offset, stretch * squared * inverse_length
