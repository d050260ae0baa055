"""One joint against surfaces, where the outcome is known in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physics.contact import resolve_contacts
from physics.terrain import from_polylines, make_terrain
from physics.world import World

RADIUS = World().joint_radius
WEIGHTLESS = World(gravity=0.0, drag=0.0)


def test_a_dropped_joint_comes_to_rest_on_the_floor(throw):
    position, velocity = throw(make_terrain("flat"), [0, 3], [0, 0], seconds=3)
    assert position[:, 1].min() > RADIUS - 0.01
    np.testing.assert_allclose(position[-1], [0, RADIUS], atol=1e-3)
    np.testing.assert_allclose(velocity[-1], 0, atol=1e-3)


def test_sliding_stops_after_the_distance_friction_allows(throw):
    world = World(drag=0.0)
    position, velocity = throw(make_terrain("flat"), [0, RADIUS], [4, 0], world=world)
    # v^2 / (2 mu g), up to the half step by which semi-implicit Euler leads.
    expected = 4.0**2 / (2 * world.friction * world.gravity)
    assert position[-1, 0] == pytest.approx(expected, abs=4.0 * world.time_step)
    assert velocity[-1, 0] == 0.0


@pytest.mark.parametrize("friction", [0.5, 1.2])
def test_a_slope_holds_a_joint_whose_friction_exceeds_it(throw, friction):
    slope = from_polylines([[-100, -80], [100, 80]])
    world = World(friction=friction, drag=0.0)
    normal = np.array([-0.8, 1.0]) / np.hypot(0.8, 1.0)
    position, _ = throw(slope, RADIUS * normal, [0, 0], world=world)
    downhill = world.gravity * max(0.8 - friction, 0.0) / np.hypot(0.8, 1.0)
    travelled = np.hypot(*(position[-1] - RADIUS * normal))
    assert travelled == pytest.approx(0.5 * downhill, abs=0.01)


def test_fast_impacts_rebound_and_slow_ones_do_not(throw):
    for speed in (10.0, 0.5):
        _, velocity = throw(make_terrain("flat"), [0, RADIUS], [0, -speed], world=WEIGHTLESS)
        rebound = WEIGHTLESS.restitution * speed if speed > 1.0 else 0.0
        assert velocity[-1, 1] == pytest.approx(rebound, abs=1e-5)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("start", np.linspace(18.0, 19.0, 9))
def test_a_wall_stops_a_fast_joint_wherever_the_step_falls(throw, side, start):
    wall = make_terrain("left_wall" if side < 0 else "right_wall")
    position, _ = throw(wall, [side * start, 5], [side * 30, 0], seconds=0.3, world=WEIGHTLESS)
    assert np.abs(position[:, 0]).max() < 20 - RADIUS + 0.01
    assert np.abs(position[:, 0]).max() > 20 - RADIUS - 0.13


def test_a_corner_of_floor_and_wall_holds(throw):
    position, velocity = throw(make_terrain("right_wall"), [18, 2], [30, -30], seconds=2)
    assert position[:, 0].max() < 20 - RADIUS + 0.02
    assert position[:, 1].min() > RADIUS - 0.02
    assert np.hypot(*velocity[-1]) < 0.05


def test_the_top_of_a_wall_carries(throw):
    position, _ = throw(make_terrain("left_wall"), [-25, 22], [0, 0], seconds=2)
    np.testing.assert_allclose(position[-1], [-25, 20 + RADIUS], atol=1e-3)


def test_a_tunnel_has_a_floor_a_roof_and_a_face(throw):
    tunnel = make_terrain("tunnel")
    jump, _ = throw(tunnel, [30, 5], [0, 30], seconds=0.5)
    assert jump[:, 1].max() == pytest.approx(9.2 - RADIUS, abs=0.01)
    for side in (-1, 1):
        face, _ = throw(tunnel, [side * 15, 12], [side * 30, 0], seconds=0.5, world=WEIGHTLESS)
        assert np.abs(face[:, 0]).max() == pytest.approx(20 - RADIUS, abs=0.13)
        inside, _ = throw(tunnel, [side * 15, 5], [side * 30, 0], seconds=0.5, world=WEIGHTLESS)
        assert np.abs(inside[-1, 0]) == pytest.approx(30, abs=0.2)


def test_a_convex_edge_is_rounded_by_the_radius(throw):
    step_down = from_polylines([[-50, 0], [0, 0], [0, -5], [50, -5]])
    # Grazes the edge at (0, 0) from above, moving level; then falls around it.
    position, _ = throw(
        step_down, [-1, RADIUS], [1.0, 0], seconds=3, world=World(friction=0.0, drag=0.0)
    )
    distance = np.hypot(*np.where(position[:, :1] > 0, position, np.inf).T)
    assert distance.min() > RADIUS - 0.01
    assert position[-1, 1] == pytest.approx(-5 + RADIUS, abs=0.01)


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_seams_of_a_straight_floor_cannot_be_felt(throw, slope):
    x = np.linspace(-40, 40, 331)
    whole = from_polylines([[-40, -40 * slope], [40, 40 * slope]])
    # Tilted seams are straight only up to rounding, so they stay in the table; a slight wave keeps
    # the flat ones from being merged.
    wave = np.where(np.arange(331) % 2, 1e-7, 0.0)
    seamed = from_polylines(np.stack([x, slope * x + wave], axis=1))
    assert seamed.segments.shape[2] > 100
    world = World(drag=0.0, friction=0.0)
    normal = np.array([-slope, 1.0]) / np.hypot(slope, 1.0)
    tangent = np.array([normal[1], -normal[0]])
    paths = [
        throw(floor, -10 * tangent + RADIUS * normal, 20 * tangent, world=world)[0]
        for floor in (whole, seamed)
    ]
    np.testing.assert_allclose(paths[1], paths[0], atol=2e-3)


def test_a_thin_block_acts_on_the_side_that_is_touched(throw):
    block = from_polylines([[-50, 0], [5, 0], [5, 3], [5.05, 3], [5.05, 0], [50, 0]])
    for start, velocity in ((2.0, 30.0), (8.0, -30.0)):
        position, _ = throw(block, [start, 1], [velocity, 0], seconds=0.5, world=WEIGHTLESS)
        gap = (5.0 - position[:, 0]) if velocity > 0 else (position[:, 0] - 5.05)
        assert gap.min() > RADIUS - 0.01


def test_gradients_are_finite_where_no_corner_is_near():
    terrain = make_terrain("tunnel")
    position = jnp.array([[0.0, 20.0, -19.9], [0.0, 0.3, 9.1]])

    def total(position, velocity):
        velocity, push, _ = resolve_contacts(terrain, World(), position, velocity, velocity)
        return jnp.sum(velocity**2) + jnp.sum(push**2)

    slopes = jax.jit(jax.grad(total, argnums=(0, 1)))(position, -jnp.ones_like(position))
    assert all(jnp.isfinite(slope).all() for slope in slopes)
