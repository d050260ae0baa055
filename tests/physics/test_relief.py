"""Ground that rises in both directions, under joints that are balls."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physics.assemble import assemble
from physics.backends import xla
from physics.backends.batch import Batch, Episode, join_terrains
from physics.body import Capacity
from physics.height_field import HeightField
from physics.polylines import Polylines
from physics.relief import build_relief, height_at
from physics.simulate import simulate, trajectory
from physics.terrain import build, make_polylines, make_terrain
from physics.types import DEPTH, FORWARD, State
from physics.world import World


def field(heights, spacing):
    """A terrain of one's own."""
    ground = HeightField(heights=heights, spacing=spacing)
    return build(Polylines(floor=ground.section(), relief=ground))


def square(half, spacing):
    """x and z of the points of a square level."""
    line = spacing * np.arange(-half, half + 1)
    return np.meshgrid(line, line, indexing="ij")


@pytest.fixture(scope="module")
def spatial(random_body):
    def make(seed):
        body = random_body(seed)
        depth = np.random.default_rng(seed + 100).uniform(-2.0, 2.0, (8, 1))
        joints = np.concatenate([body.joints, depth.astype(np.float32)], axis=1)
        return dataclasses.replace(body, joints=joints)

    return make


@pytest.fixture
def ball(make_body):
    """One joint in three dimensions."""
    return dataclasses.replace(make_body([[0.0, 0.0]], []), joints=np.zeros((1, 3), np.float32))


def test_a_joint_swings_in_a_bowl_as_a_pendulum(ball, place, walk):
    """Without friction, a ball in a bowl of curvature 1 / R is a pendulum of length R - radius."""
    world = World(friction=0.0, drag=0.0, joint_radius=0.05)
    x, z = square(30, 0.02)
    terrain = field(8.0 - np.sqrt(64.0 - x**2 - z**2), 0.02)
    walker = place(ball, terrain, world=world)
    np.testing.assert_allclose(walker.position[:, 0], [0.0, 0.05, 0.0], atol=1e-6)
    swing = 0.4 * np.array([0.6, 0.8])  # m, in a plane that no axis lies in
    height = 8.0 - np.sqrt(7.95**2 - 0.4**2)
    start = jnp.array([swing[0], height, swing[1]], jnp.float32)
    state = State(
        position=walker.position.at[:, 0].set(start), velocity=jnp.zeros_like(walker.position)
    )
    path = np.asarray(walk(walker, terrain, world, state, 1440).position)[:, :, 0]
    time = np.arange(1, 1441) * world.time_step
    expected = np.cos(np.sqrt(world.gravity / 7.95) * time)
    np.testing.assert_allclose(path[:, FORWARD], swing[0] * expected, atol=0.01)
    np.testing.assert_allclose(path[:, DEPTH], swing[1] * expected, atol=0.01)


@pytest.mark.parametrize(("friction", "slides"), [(0.4, True), (0.6, False)])
def test_a_joint_slides_down_a_slope_that_friction_does_not_hold(
    ball, place, walk, friction, slides
):
    """On a slope of 0.5, at an angle to both axes, as a block on an inclined plane."""
    world = World(friction=friction, drag=0.0)
    x, z = square(20, 1.0)
    terrain = field(0.3 * x + 0.4 * z, 1.0)
    walker = place(ball, terrain, world=world)
    steep = np.hypot(0.3, 0.4)
    angle = np.arctan(steep)
    across = np.array([-0.3, 1.0, -0.4]) * np.cos(angle)
    resting = walker.position.at[:, 0].set(jnp.asarray(0.3 * across, jnp.float32))
    state = State(position=resting, velocity=jnp.zeros_like(resting))
    path = np.asarray(walk(walker, terrain, world, state, 240).velocity)[:, :, 0]
    time = np.arange(1, 241) * world.time_step
    speed = world.gravity * (np.sin(angle) - friction * np.cos(angle)) * time
    downhill = np.array([-0.3, -steep * steep, -0.4]) / steep * np.cos(angle)
    expected = np.maximum(speed, 0.0)[:, None] * downhill
    assert (expected[-1] != 0.0).any() == slides
    np.testing.assert_allclose(path, expected, atol=2e-3)


def test_heights_on_the_host_are_bilinear_and_level_beyond_the_rim():
    x, z = square(4, 0.5)
    relief = build_relief(1.0 + 2.0 * x - z + 0.5 * x * z, 0.5)
    at = np.random.default_rng(0).uniform(-2.0, 2.0, (2, 50))
    expected = 1.0 + 2.0 * at[0] - at[1] + 0.5 * at[0] * at[1]
    np.testing.assert_allclose(height_at(relief, *at), expected, atol=1e-5)
    beyond = height_at(relief, np.array([50.0]), np.array([0.3]))
    np.testing.assert_allclose(beyond, 1.0 + 4.0 - 0.3 + 0.3, atol=1e-5)


def test_relief_has_the_slope_height_and_start_that_are_asked_for():
    lines = make_polylines("relief", seed=3, height=1.5, slope=0.3, flat_start=6.0)
    heights, spacing = lines.relief.heights, lines.relief.spacing
    assert np.abs(heights).max() <= 1.5
    assert np.hypot(*np.gradient(heights, spacing)).max() <= 0.3
    # It rises in both directions, and not as a profile pushed along one of them would.
    assert np.abs(np.diff(heights, axis=0)).max() > 0.1
    assert np.abs(np.diff(heights, axis=1)).max() > 0.1
    x, z = square(100, 1.0)
    np.testing.assert_array_equal(heights[np.hypot(x, z) <= 6.0], 0.0)
    assert (make_polylines("relief", seed=4).relief.heights != heights).any()
    np.testing.assert_array_equal(lines.floor[:, 1], heights[:, 100])


def test_walkers_walk_on_a_relief(spatial):
    terrain = make_terrain("relief", flat_start=1.0)
    outcome = simulate([spatial(seed) for seed in range(8)], terrain, seconds=2.0)
    assert not outcome.diverged.any()
    assert (outcome.contact_fraction > 0.05).all()
    path = trajectory(spatial(0), terrain, seconds=2.0)
    ground = height_at(terrain.relief, path[..., 0].ravel(), path[..., 2].ravel())
    assert (path[..., 1].ravel() - ground > 0.2).all()


def test_a_relief_beside_other_terrains_changes_nothing(spatial):
    bodies = [spatial(seed) for seed in range(6)]
    relief, tunnel = make_terrain("relief", flat_start=1.0), make_terrain("tunnel")
    mixed = simulate(bodies * 2, [relief] * 6 + [tunnel] * 6, seconds=0.5)
    alone = [simulate(bodies, terrain, seconds=0.5) for terrain in (relief, tunnel)]
    expected = np.concatenate([each.displacement for each in alone])
    np.testing.assert_array_equal(mixed.displacement, expected)


def _walk(bodies, terrains, capacity, *, lanes=False):
    """Short walks on terrains in turn."""
    of = np.arange(len(bodies), dtype=np.int32) % len(terrains)
    walkers = assemble(bodies, [terrains[i] for i in of], capacity, World())
    batch = Batch(walkers=walkers, terrains=join_terrains(terrains), terrain_of=of)
    device, episode = jax.local_devices()[0], Episode(world=World(), steps=48, interval=24)
    batch = xla.prepare(batch, device, lanes=lanes)
    return jax.tree.map(np.asarray, xla.compile_batch(batch, episode, [device])(batch))


@pytest.fixture(scope="module")
def small():
    """Waves 4 m long in both directions, and a tunnel."""
    x, z = square(10, 0.5)
    return [field(0.3 * np.sin(np.pi / 2 * x) * np.sin(np.pi / 2 * z), 0.5), make_terrain("tunnel")]


def test_padding_changes_nothing(spatial, small):
    bodies = [spatial(seed) for seed in range(4)]
    tight, wide = (_walk(bodies, small, Capacity(*size)) for size in ((16, 32), (32, 64)))
    for ours, padded in zip(*map(jax.tree.leaves, (tight, wide)), strict=True):
        np.testing.assert_allclose(ours, padded, rtol=1e-5, atol=1e-5)


def test_the_form_without_gathers_walks_alike(spatial, small):
    bodies = [spatial(seed) for seed in range(4)]
    union, lanes = (_walk(bodies, small, Capacity(16, 32), lanes=lanes) for lanes in (False, True))
    np.testing.assert_allclose(lanes.center_of_mass, union.center_of_mass, atol=1e-4)
    np.testing.assert_allclose(lanes.drift, union.drift, atol=1e-4)
