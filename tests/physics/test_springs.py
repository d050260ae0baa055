import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physics.body import Capacity
from physics.springs import rest_length_at, spring_energy, spring_forces
from physics.terrain import make_terrain
from physics.types import State
from physics.world import World

WORLD = World()


@pytest.fixture(scope="module")
def flat():
    return make_terrain("flat")


def _disturbed(walker, seed):
    random = np.random.default_rng(seed)
    shape = walker.position.shape
    return State(
        position=walker.position + jnp.asarray(random.normal(0, 0.3, shape), jnp.float32),
        velocity=jnp.asarray(random.normal(0, 3.0, shape), jnp.float32),
    )


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), time=st.floats(0, 10))
def test_internal_forces_cancel(seed, time, random_body, place, flat):
    walker = place(random_body(seed), flat)
    force, _ = spring_forces(walker, WORLD, _disturbed(walker, seed), jnp.float32(time))
    np.testing.assert_allclose(
        force.sum(axis=1), 0.0, atol=1e-6 * (1.0 + float(jnp.abs(force).sum()))
    )


def test_force_is_minus_the_gradient_of_the_energy(random_body, place, flat):
    walker = place(random_body(3), flat)
    state = _disturbed(walker, 3)
    state = State(position=state.position, velocity=jnp.zeros_like(state.velocity))
    rest = rest_length_at(walker, WORLD, jnp.float32(0.4))
    slope = jax.grad(spring_energy, argnums=1)(walker, state.position, rest)
    force, _ = spring_forces(walker, WORLD, state, jnp.float32(0.4))
    np.testing.assert_allclose(force, -slope, rtol=1e-4, atol=1e-2)


def test_damping_takes_energy_and_leaves_rotation_alone(make_body, place, flat):
    walker = place(make_body([[0, 0], [2, 0]], [[0, 1]]), flat)
    still = jnp.zeros_like(walker.position)
    parting, _ = spring_forces(
        walker, WORLD, State(position=walker.position, velocity=still.at[0, 1].set(1.0)), 0.0
    )
    assert parting[0, 1] < -1.0
    assert parting[0, 0] > 1.0
    turning, _ = spring_forces(
        walker, WORLD, State(position=walker.position, velocity=still.at[1, 1].set(1.0)), 0.0
    )
    np.testing.assert_allclose(turning, 0.0, atol=1e-2)


def test_rest_length_follows_the_clock_and_rigid_springs_do_not(make_body, place, flat):
    body = make_body(
        [[0, 0], [2, 0], [4, 0]],
        [[0, 1], [1, 2]],
        rigid=[False, True],
        amplitude=[0.25, 0.0],
        phase=[0.1, 0.7],
    )
    walker = place(body, flat)
    for time in (0.0, 0.3, 4.7):
        expected = 2.0 * (1.0 + 0.25 * np.cos(6.0 * time + 2.0 * np.pi * 0.1))
        rest = rest_length_at(walker, WORLD, jnp.float32(time))
        np.testing.assert_allclose(rest[:2], [expected, 2.0], rtol=1e-5)


def test_padding_feels_nothing_and_gradients_are_finite(random_body, place, flat):
    body = random_body(5, joints=5, springs=6)
    walker = place(body, flat)
    roomier = place(body, flat, capacity=Capacity(32, 64))

    def total(position, walker):
        state = State(position=position, velocity=0.1 * position)
        return jnp.sum(spring_forces(walker, WORLD, state, jnp.float32(0.2))[0] ** 2)

    force, _ = spring_forces(walker, WORLD, _disturbed(walker, 5), 0.2)
    assert (force[:, 5:] == 0.0).all()
    small, large = (jax.jit(jax.grad(total))(each.position, each) for each in (walker, roomier))
    assert jnp.isfinite(large).all()
    assert (large[:, 5:] == 0.0).all()
    np.testing.assert_allclose(small[:, :5], large[:, :5], rtol=1e-6)


def test_a_muscle_held_at_its_length_spends_what_it_stretches(make_body, place, flat):
    """Twice a period the muscle loads its spring from nothing to k (a L0)^2 / 2."""
    amplitude, length = 0.25, 2.0
    body = make_body([[0, 0], [length, 0]], [[0, 1]], rigid=[False], amplitude=[amplitude])
    walker = place(body, flat)
    held = State(position=walker.position, velocity=jnp.zeros_like(walker.position))
    period = 2.0 * np.pi / WORLD.muscle_rate
    times = jnp.asarray(np.linspace(0.0, period, 1000, endpoint=False), jnp.float32)
    power = jax.vmap(lambda time: spring_forces(walker, WORLD, held, time)[1])(times)
    spent = power[:, 0].mean() * period
    expected = float(walker.stiffness[0]) * (amplitude * length) ** 2
    np.testing.assert_allclose(spent, expected, rtol=1e-3)
    assert (power >= 0.0).all()
