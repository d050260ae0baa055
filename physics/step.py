"""One time step of a walker: semi-implicit Euler on springs, gravity, drag and contact.

Read first. Every other file of the package serves one line of `step`. It is also the specification
that faster backends are tested against.
"""

import jax.numpy as jnp

from physics.contact import resolve_contacts
from physics.springs import spring_forces
from physics.types import UP, Array, Effort, State, Terrain, Walker
from physics.world import World


def initial_state(walker: Walker) -> State:
    """The walker as placed, at rest."""
    return State(
        position=jnp.asarray(walker.position), velocity=jnp.zeros_like(jnp.asarray(walker.position))
    )


def step(
    walker: Walker, terrain: Terrain, world: World, state: State, time: Array
) -> tuple[State, Effort]:
    """Advances the state from `time` (s) by `world.time_step`, and tells what that cost."""
    dt = world.time_step
    force, power = spring_forces(walker, world, state, time)
    velocity = _accelerate(world, state.velocity, force)
    velocity, push, touching = resolve_contacts(
        terrain, world, state.position, state.velocity, velocity
    )
    moved = State(position=state.position + dt * velocity + push, velocity=velocity)
    return moved, Effort(contact=touching.astype(velocity.dtype), power=power)


def _accelerate(world: World, velocity: Array, force: Array) -> Array:
    """Velocity after a step of springs, gravity and implicit linear drag, [dim, joints] m/s."""
    pull = [[-world.gravity if axis == UP else 0.0] for axis in range(len(velocity))]
    gravity = jnp.array(pull, dtype=velocity.dtype)
    dt = world.time_step
    return (velocity + dt * (force + gravity)) / (1.0 + world.drag * dt)
