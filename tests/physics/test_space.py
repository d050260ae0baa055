"""Three dimensions: a plane in them is the plane, and what moves in depth obeys closed forms."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from physics.backends.backend import BACKENDS, open_backend
from physics.body import Body, measure_bodies
from physics.distance import distances
from physics.robustness import Starts, simulate_perturbed
from physics.simulate import simulate, trajectory
from physics.step import initial_state
from physics.terrain import TERRAINS, make_terrain
from physics.types import DEPTH, FORWARD, UP, State
from physics.world import World

FLAT = make_terrain("flat")
FREE = World(gravity=0.0, drag=0.0, spring_damping_ratio=0.0, reference_hertz=1e9)


def lifted(body: Body, depth=0.0) -> Body:
    """The body with a third coordinate."""
    depths = np.broadcast_to(np.float32(depth), len(body.joints))
    return dataclasses.replace(body, joints=np.column_stack([body.joints, depths]))


def turned(body: Body, angle: float) -> Body:
    """The body turned about the vertical."""
    x, y, z = body.joints.T.astype(np.float64)
    cos, sin = np.cos(angle), np.sin(angle)
    joints = np.stack([cos * x - sin * z, y, sin * x + cos * z], axis=1)
    return dataclasses.replace(body, joints=joints.astype(np.float32))


@pytest.fixture(scope="module")
def spatial(random_body):
    def make(seed):
        depth = np.random.default_rng(seed + 100).uniform(-2.0, 2.0, 8)
        return lifted(random_body(seed), depth)

    return make


def test_a_walker_in_the_plane_walks_as_in_two_dimensions(random_body):
    bodies = [random_body(seed) for seed in range(12) for _ in TERRAINS]
    terrains = [make_terrain(name) for name in TERRAINS] * 12
    # Whether a joint that has just come to stand on a slope rebounds hangs on the last bit of its
    # gap, so there is no rebound here.
    settings = {"seconds": 0.5, "backend": "xla", "world": World(restitution=0.0)}
    plane = simulate(bodies, terrains, **settings)
    space = simulate([lifted(body) for body in bodies], terrains, **settings)
    np.testing.assert_allclose(space.displacement, plane.displacement, atol=1e-5)
    np.testing.assert_allclose(space.center_of_mass[..., :2], plane.center_of_mass, atol=1e-5)
    np.testing.assert_allclose(space.energy, plane.energy, rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(space.drift, 0.0)
    assert plane.drift is None


def test_a_path_in_the_plane_is_that_of_two_dimensions(random_body):
    body, terrain = random_body(2), make_terrain("tunnel")
    settings = {"seconds": 0.5, "backend": "xla", "frames_per_second": 240}
    path = trajectory(body, terrain, **settings)
    there = trajectory(lifted(body), terrain, **settings)
    np.testing.assert_allclose(there[..., :2], path, atol=1e-4)
    np.testing.assert_array_equal(there[..., 2], 0.0)


def test_a_plane_that_is_turned_walks_the_same_way_in_another_direction(random_body):
    """Springs and friction know no direction of the level."""
    body, angle = lifted(random_body(3)), 0.7
    straight, aside = simulate([body, turned(body, angle)], FLAT, seconds=0.5).center_of_mass
    expected = straight[:, FORWARD] * np.cos(angle), straight[:, FORWARD] * np.sin(angle)
    np.testing.assert_allclose(aside[:, FORWARD], expected[0], atol=1e-4)
    np.testing.assert_allclose(aside[:, DEPTH], expected[1], atol=1e-4)
    np.testing.assert_allclose(aside[:, UP], straight[:, UP], atol=1e-4)


def test_depth_is_a_measure_and_a_direction_to_walk_in(spatial):
    bodies = [spatial(seed) for seed in range(4)]
    outcome = simulate(bodies, FLAT, seconds=1.0)
    np.testing.assert_allclose(outcome.depth, [body.depth for body in bodies])
    np.testing.assert_array_equal(measure_bodies(bodies)["depth"], outcome.depth)
    np.testing.assert_array_equal(distances(outcome), np.abs(outcome.displacement))
    moved = outcome.center_of_mass[:, -1] - outcome.center_of_mass[:, 0]
    planar = np.hypot(moved[:, FORWARD], moved[:, DEPTH])
    np.testing.assert_allclose(distances(outcome, "planar"), planar, atol=1e-5)
    assert (planar > distances(outcome)).all()
    starts = Starts(count=2, jitter=0.0)
    robust = simulate_perturbed(bodies, FLAT, starts, seconds=1.0, distance="planar")
    np.testing.assert_allclose(robust.worst, planar, atol=1e-5)


def test_free_fall_reaches_the_terminal_speed_of_linear_drag(make_body, place, walk):
    world = World()
    body = lifted(make_body([[0.0, 0.0]], []))
    walker = place(body, FLAT)
    position = walker.position.at[:, 0].set(jnp.array([0.0, 200.0, 0.0]))
    velocity = jnp.zeros_like(position).at[:, 0].set(jnp.array([2.0, 0.0, -3.0]))
    path = walk(walker, FLAT, world, State(position=position, velocity=velocity), 480)
    time = np.arange(1, 481) * world.time_step
    terminal, fading = world.gravity / world.drag, np.exp(-world.drag * time)
    falling = np.asarray(path.velocity)[:, :, 0]
    np.testing.assert_allclose(falling[:, UP], -terminal * (1.0 - fading), atol=0.03)
    np.testing.assert_allclose(falling[:, FORWARD], 2.0 * fading, atol=0.01)
    np.testing.assert_allclose(falling[:, DEPTH], -3.0 * fading, atol=0.01)


def test_two_joints_swing_in_depth_with_the_frequency_of_their_spring(make_body, place, walk):
    body = lifted(make_body([[0, 100], [0, 100]], [[0, 1]], rigid=[False]), [0.0, 2.0])
    walker = place(body, FLAT, world=FREE)
    state = State(
        position=walker.position.at[DEPTH, 1].add(0.1).at[UP].add(50.0),
        velocity=jnp.zeros_like(walker.position),
    )
    path = walk(walker, FLAT, FREE, state, 240)
    stretch = np.asarray(path.position[:, DEPTH, 1] - path.position[:, DEPTH, 0]) - 2.0
    time = np.arange(1, 241) * FREE.time_step
    expected = 0.1 * np.cos(2.0 * np.pi * FREE.spring_hertz * time)
    # The integrator of first order shifts the phase by half a step, and the frequency by 1e-3.
    np.testing.assert_allclose(stretch, expected, atol=0.1 * 2 * np.pi * 3.0 * FREE.time_step)
    np.testing.assert_array_equal(path.position[:, FORWARD, :2], 0.0)


def test_springs_move_no_centre_of_mass_and_no_angular_momentum(spatial, place, walk):
    world = World(gravity=0.0, drag=0.0)
    walker = place(spatial(8), FLAT, world=world)
    at_rest = initial_state(walker)
    state = State(position=at_rest.position.at[UP].add(50.0), velocity=at_rest.velocity)
    path = walk(walker, FLAT, world, state, 240)
    position = np.asarray(path.position, np.float64)[:, :, :8]
    velocity = np.asarray(path.velocity, np.float64)[:, :, :8]
    center = position.mean(axis=2, keepdims=True)
    np.testing.assert_allclose(center - center[:1], 0.0, atol=1e-3)
    spin = np.cross(position - center, velocity, axis=1).sum(axis=2)
    np.testing.assert_allclose(spin, 0.0, atol=0.01)


@pytest.mark.parametrize("friction", [0.2, 0.8])
def test_friction_slows_a_slide_of_any_direction_by_its_coefficient(
    make_body, place, walk, friction
):
    world = World(drag=0.0, friction=friction)
    walker = place(lifted(make_body([[0.0, 0.0]], [])), FLAT, world=world)
    start = np.array([3.0, 0.0, -4.0])
    velocity = jnp.zeros_like(walker.position).at[:, 0].set(jnp.asarray(start, jnp.float32))
    state = State(position=walker.position, velocity=velocity)
    path = np.asarray(walk(walker, FLAT, world, state, 720).velocity)[:, :, 0]
    time = np.arange(1, 721) * world.time_step
    left = np.maximum(5.0 - friction * world.gravity * time, 0.0)
    np.testing.assert_allclose(path, left[:, None] * start / 5.0, atol=1e-3)


def test_backends_of_the_plane_refuse_and_auto_does_not(spatial):
    assert open_backend("auto", dim=3).name.startswith("xla")
    for name in set(BACKENDS) - {"auto", "xla"}:
        with pytest.raises(ValueError, match=f"{name}.*knows two dimensions.*auto, xla"):
            open_backend(name, dim=3)
    plane = open_backend("auto")
    if 3 not in plane.dims:
        with pytest.raises(ValueError, match="bodies of 3 dimensions"):
            simulate([spatial(0)], FLAT, backend=plane, seconds=0.1)


def test_dimensions_are_not_mixed(spatial, random_body):
    with pytest.raises(ValueError, match="some of two and some of three"):
        simulate([spatial(0), random_body(0)], FLAT, seconds=0.1)
    with pytest.raises(ValueError, match="relief for bodies of 2 dimensions"):
        simulate([random_body(0)], make_terrain("relief"), seconds=0.1)
