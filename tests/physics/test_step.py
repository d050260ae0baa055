import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from physics.springs import spring_energy
from physics.step import initial_state, step
from physics.terrain import make_terrain
from physics.types import State
from physics.world import World


def test_free_fall_reaches_the_terminal_speed_of_linear_drag(throw):
    world = World()
    _, velocity = throw(make_terrain("flat"), [0, 200], [0, 0], seconds=3)
    terminal = world.gravity / world.drag
    time = np.arange(1, len(velocity) + 1) * world.time_step
    np.testing.assert_allclose(
        velocity[:, 1], -terminal * (1 - np.exp(-world.drag * time)), atol=0.03
    )


def test_energy_falls_without_muscles(random_body, place, walk):
    world = World(gravity=0.0)
    body = random_body(7)
    body = dataclasses.replace(body, amplitude=np.zeros_like(body.amplitude))
    walker = place(body, make_terrain("flat"), world=world)
    random = np.random.default_rng(0)
    state = State(
        position=walker.position + jnp.array([[0.0], [100.0]]),
        velocity=jnp.asarray(random.normal(0, 2, walker.position.shape), jnp.float32),
    )
    path = walk(walker, make_terrain("flat"), world, state, 240)
    kinetic = 0.5 * jnp.sum(path.velocity[:, :, :8] ** 2, axis=(1, 2))
    elastic = jax.vmap(lambda p: spring_energy(walker, p, walker.rest_length))(path.position)
    energy = np.asarray(kinetic + elastic)[::24]  # positions lag velocities within a step
    assert (np.diff(energy) < 1e-3 * energy[:-1]).all()
    assert energy[-1] < 0.5 * energy[0]


def test_springs_do_not_move_the_centre_of_mass(random_body, place, walk):
    world = World(gravity=0.0, drag=0.0)
    walker = place(random_body(8), make_terrain("flat"), world=world)
    state = initial_state(walker)
    state = State(position=state.position + 50.0, velocity=state.velocity)
    path = walk(walker, make_terrain("flat"), world, state, 240)
    center = np.sum(walker.share * path.position, axis=-1)
    np.testing.assert_allclose(center - center[0], 0.0, atol=1e-3)


def test_two_joints_swing_with_the_frequency_of_their_spring(make_body, place, walk):
    world = World(gravity=0.0, drag=0.0, spring_damping_ratio=0.0, reference_hertz=1e9)
    body = make_body([[0, 100], [2, 100]], [[0, 1]], rigid=[False])
    walker = place(body, make_terrain("flat"), world=world)
    stretched = walker.position.at[0, 1].add(0.1)
    state = State(position=stretched + 50.0, velocity=jnp.zeros_like(stretched))
    path = walk(walker, make_terrain("flat"), world, state, 240)
    stretch = np.asarray(path.position[:, 0, 1] - path.position[:, 0, 0]) - 2.0
    falling = np.flatnonzero((stretch[:-1] > 0) & (stretch[1:] <= 0))
    np.testing.assert_allclose(np.diff(falling), 240 / 3.0, atol=1.5)


def test_padded_joints_have_no_effect(random_body, place, walk):
    body = random_body(9, joints=6, springs=9)
    terrain, world = make_terrain("tunnel"), World()
    walker = place(body, terrain)
    state = initial_state(walker)
    thrown = State(
        position=state.position.at[:, 6:].set(5.0), velocity=state.velocity.at[:, 6:].set(-7.0)
    )
    paths = [walk(walker, terrain, world, each, 120).position[:, :, :6] for each in (state, thrown)]
    np.testing.assert_array_equal(*paths)


def test_one_step_is_differentiable(random_body, place):
    walker = place(random_body(4), make_terrain("tunnel"))

    def height(stiffness):
        stiffer = dataclasses.replace(walker, stiffness=stiffness)
        state, _ = step(stiffer, make_terrain("tunnel"), World(), initial_state(walker), 0.3)
        return jnp.sum(state.position)

    slope = jax.jit(jax.grad(height))(walker.stiffness)
    assert jnp.isfinite(slope).all()
    assert (slope[14:] == 0.0).all()
