"""A whole walk: steps repeated, sampled at a fixed interval, and measured."""

import jax
import jax.numpy as jnp

from physics.step import initial_state, step
from physics.types import Array, Outcome, State, Terrain, Walker
from physics.world import World

SAMPLE_SECONDS = 0.5
# A joint this fast is no gait: Box2D itself caps bodies at 120 m/s. Without a bound an explosion
# that stays finite would be the fittest walker of all.
MAX_SPEED = 1000.0  # m/s


def rollout(
    walker: Walker, terrain: Terrain, world: World, *, steps: int, interval: int
) -> tuple[State, State]:
    """Simulates `steps` time steps from rest.

    Returns:
        The states at steps 0, interval, 2 interval ... ([samples, 2, joints]) and the last state.
    """

    def advance(state: State, index: Array) -> tuple[State, None]:
        time = index.astype(jnp.float32) * world.time_step
        return step(walker, terrain, world, state, time), None

    def advance_interval(state: State, start: Array) -> tuple[State, State]:
        state, _ = jax.lax.scan(advance, state, start + jnp.arange(interval, dtype=jnp.int32))
        return state, state

    first = initial_state(walker)
    starts = interval * jnp.arange(steps // interval, dtype=jnp.int32)
    state, later = jax.lax.scan(advance_interval, first, starts)
    samples = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, later)
    rest = jnp.arange(steps - steps % interval, steps, dtype=jnp.int32)
    last, _ = jax.lax.scan(advance, state, rest)
    return samples, last


def measure(walker: Walker, samples: State, last: State) -> Outcome:
    """Turns the states of one walk into an outcome; a state gone wrong becomes `diverged`."""
    start = _center_of_mass(walker, walker.position)
    path = _center_of_mass(walker, samples.position)
    diverged = ~(jnp.all(_sound(samples)) & jnp.all(_sound(last)))
    displacement = _center_of_mass(walker, last.position)[0] - start[0]
    return Outcome(
        displacement=jnp.where(diverged, 0.0, displacement),
        diverged=diverged,
        center_of_mass=jnp.where(diverged, start, path),
    )


def _center_of_mass(walker: Walker, position: Array) -> Array:
    """[..., 2] m, of positions [..., 2, joints]."""
    return jnp.sum(walker.share * position, axis=-1)


def _sound(state: State) -> Array:
    """Whether each number is finite and plausible; what is not finite stays so to the end."""
    return jnp.isfinite(state.position) & (jnp.abs(state.velocity) < MAX_SPEED)
