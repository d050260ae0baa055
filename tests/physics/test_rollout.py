import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from physics.rollout import MAX_SPEED, Course, measure, rollout
from physics.step import initial_state, step
from physics.terrain import make_terrain
from physics.types import Effort, State
from physics.world import World

WORLD = World()


def test_samples_are_the_states_after_every_interval(random_body, place, walk):
    terrain = make_terrain("flat")
    walker = place(random_body(1), terrain)
    course = jax.jit(lambda w: rollout(w, terrain, WORLD, steps=50, interval=20))(walker)
    path = walk(walker, terrain, WORLD, initial_state(walker), 50).position
    np.testing.assert_array_equal(course.samples.position[0], walker.position)
    np.testing.assert_allclose(course.samples.position[1:], path[jnp.array([19, 39])], atol=1e-5)
    np.testing.assert_allclose(course.last.position, path[-1], atol=1e-5)


def test_no_step_leaves_the_walker_where_it_was_placed(random_body, place):
    terrain = make_terrain("bumpy")
    walker = place(random_body(1), terrain)
    course = rollout(walker, terrain, WORLD, steps=0, interval=120)
    outcome = measure(walker, course, 0.0)
    assert outcome.displacement == outcome.contact_fraction == outcome.energy == 0.0
    assert outcome.center_of_mass.shape == (1, 2)


def test_divergence_is_a_flag_and_never_a_displacement(random_body, place):
    walker = place(random_body(1), make_terrain("flat"))
    still = initial_state(walker)
    samples = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), still)

    def outcome(position, velocity):
        state = State(
            position=still.position.at[0, 2].set(position),
            velocity=still.velocity.at[1, 2].set(velocity),
        )
        spent = Effort(contact=jnp.ones(16), power=jnp.ones(32))
        return measure(walker, Course(samples=samples, last=state, spent=spent), 1.0)

    assert not outcome(5.0, 1.0).diverged
    assert outcome(5.0, 1.0).displacement > 0.0
    for position, velocity in ((jnp.nan, 0.0), (jnp.inf, 0.0), (1e6, 2 * MAX_SPEED), (5, jnp.nan)):
        spoiled = outcome(position, velocity)
        assert spoiled.diverged
        assert spoiled.displacement == spoiled.contact_fraction == spoiled.energy == 0.0
        assert jnp.isfinite(spoiled.center_of_mass).all()


def test_what_is_not_finite_stays_so(random_body, place):
    terrain = make_terrain("tunnel")
    walker = place(random_body(1), terrain)
    unstable = dataclasses.replace(walker, stiffness=1e9 * walker.stiffness)
    state = initial_state(unstable)
    advance = jax.jit(lambda state: step(unstable, terrain, WORLD, state, 0.0)[0])
    for _ in range(40):
        state = advance(state)
    assert not jnp.isfinite(state.position).all()
    course = rollout(unstable, terrain, WORLD, steps=480, interval=120)
    assert measure(unstable, course, 2.0).diverged


def test_a_body_at_rest_on_two_of_three_joints_touches_with_two_thirds(make_body, place):
    terrain = make_terrain("flat")
    walker = place(make_body([[0, 0], [2, 0], [1, 2]], [[0, 1], [1, 2], [2, 0]]), terrain)
    course = rollout(walker, terrain, WORLD, steps=480, interval=120)
    outcome = measure(walker, course, 2.0)
    # Rigid springs give a little under the weight at first, so a joint may leave the ground.
    assert abs(outcome.contact_fraction - 2 / 3) < 0.02
    assert outcome.energy == 0.0


def test_a_body_in_the_air_touches_nothing(make_body, place):
    terrain = make_terrain("flat")
    walker = place(make_body([[0, 0], [2, 0]], [[0, 1]]), terrain)
    high = dataclasses.replace(walker, position=walker.position + jnp.array([[0.0], [100.0]]))
    course = rollout(high, terrain, WORLD, steps=240, interval=120)
    assert measure(high, course, 1.0).contact_fraction == 0.0
