"""A whole walk: steps repeated, sampled at a fixed interval, and measured."""

import flax.struct
import jax
import jax.numpy as jnp

from physics.step import initial_state, step
from physics.types import DEPTH, FORWARD, Array, Effort, State, Terrain, Walk, Walker
from physics.world import World

SAMPLE_SECONDS = 0.5
# A joint this fast is no gait: Box2D itself caps bodies at 120 m/s. Without a bound an explosion
# that stays finite would be the fittest walker of all.
MAX_SPEED = 1000.0  # m/s


@flax.struct.dataclass
class Course:
    """How a walk went."""

    samples: State  # [samples, ...], at steps 0, interval, 2 interval ...
    last: State
    spent: Effort  # integrals over the whole walk


def rollout(walker: Walker, terrain: Terrain, world: World, *, steps: int, interval: int) -> Course:
    """Simulates `steps` time steps from rest, sampled every `interval` steps."""

    def advance(now: tuple[State, Effort], index: Array) -> tuple[tuple[State, Effort], None]:
        state, spent = now
        time = index.astype(jnp.float32) * world.time_step
        state, effort = step(walker, terrain, world, state, time)
        spent = jax.tree.map(lambda sum, rate: sum + world.time_step * rate, spent, effort)
        return (state, spent), None

    def advance_interval(
        now: tuple[State, Effort], start: Array
    ) -> tuple[tuple[State, Effort], State]:
        now, _ = jax.lax.scan(advance, now, start + jnp.arange(interval, dtype=jnp.int32))
        return now, now[0]

    first = initial_state(walker)
    starts = interval * jnp.arange(steps // interval, dtype=jnp.int32)
    now, later = jax.lax.scan(advance_interval, (first, _nothing_spent(walker)), starts)
    samples = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, later)
    rest = jnp.arange(steps - steps % interval, steps, dtype=jnp.int32)
    (last, spent), _ = jax.lax.scan(advance, now, rest)
    return Course(samples=samples, last=last, spent=spent)


def measure(walker: Walker, course: Course, seconds: float) -> Walk:
    """Turns the course of one walk of some length into what counts; or says that it diverged."""
    start = _center_of_mass(walker, walker.position)
    path = _center_of_mass(walker, course.samples.position)
    diverged = ~(jnp.all(_sound(course.samples)) & jnp.all(_sound(course.last)))
    # The mean over a walk of no length is that of no steps: 0.
    contact = jnp.sum(walker.share * course.spent.contact) / (seconds or 1.0)
    moved = _center_of_mass(walker, course.last.position) - start
    return Walk(
        displacement=jnp.where(diverged, 0.0, moved[FORWARD]),
        diverged=diverged,
        center_of_mass=jnp.where(diverged, start, path),
        contact_fraction=jnp.where(diverged, 0.0, contact),
        energy=jnp.where(diverged, 0.0, walker.wiring.total(course.spent.power)),
        drift=jnp.where(diverged, 0.0, moved[DEPTH]) if len(walker.position) == 3 else None,
    )


def _nothing_spent(walker: Walker) -> Effort:
    return Effort(
        contact=jnp.zeros(walker.position.shape[1:], jnp.float32),
        power=jnp.zeros(walker.stiffness.shape, jnp.float32),
    )


def _center_of_mass(walker: Walker, position: Array) -> Array:
    """[..., dim] m, of positions [..., dim, joints]."""
    parts = jnp.moveaxis(walker.share * position, -1, 0)
    # One after another: `sum` may group them by their number, and so round otherwise where there is
    # more padding.
    total, _ = jax.lax.scan(lambda sum, part: (sum + part, None), jnp.zeros_like(parts[0]), parts)
    return total


def _sound(state: State) -> Array:
    """Whether each number is finite and plausible; what is not finite stays so to the end."""
    return jnp.isfinite(state.position) & (jnp.abs(state.velocity) < MAX_SPEED)
