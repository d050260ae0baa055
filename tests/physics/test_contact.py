"""One joint against surfaces, where the outcome is known in closed form."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physics.contact import resolve_contacts
from physics.terrain import from_polylines, make_polylines, make_terrain
from physics.world import World

RADIUS = World().joint_radius
WEIGHTLESS = World(gravity=0.0, drag=0.0)


def _ridge(centre, degrees, height=4.0):
    half = height / math.tan(math.radians(degrees))
    return [[centre - half, 0.0], [centre, height], [centre + half, 0.0]]


def _block(centre, width, height):
    left, right = centre - width / 2, centre + width / 2
    return [[left, 0.0], [left, height], [right, height], [right, 0.0]]


# One floor with all of them, so that one program is compiled.
OBSTACLES = {
    "slopes of 60 degrees": _ridge(-100, 60),
    "slopes of 75 degrees": _ridge(-80, 75),
    "slopes of 85 degrees": _ridge(-60, 85),
    "stump": _block(-40, 1.0, 2.0),
    "thin stump": _block(-20, 0.05, 2.0),
    "low step": _block(20, 4.0, 0.2),
    "gap": _block(40, 2.0, -3.0),
    "gap narrower than a joint": _block(60, 0.5, -3.0),
    "valley between slopes of 70 degrees": [
        *([78, 0], [78, 5.494954838], [80, 0], [82, 5.494954838], [82, 0])
    ],
}
FLOOR = np.array(
    [[-200, 0], *(point for points in OBSTACLES.values() for point in points), [200, 0]]
)


def _clearance(position):
    """Distance from the surface of FLOOR, negative inside the solid, m."""
    start, offset = FLOOR[:-1], np.diff(FLOOR, axis=0)
    from_start = position[..., None, :] - start
    along = np.sum(from_start * offset, axis=-1) / np.sum(offset**2, axis=-1)
    nearest = from_start - np.clip(along, 0.0, 1.0)[..., None] * offset
    distance = np.hypot(nearest[..., 0], nearest[..., 1]).min(axis=-1)
    is_free = position[..., 1] > np.interp(position[..., 0], *FLOOR.T)
    return np.where(is_free, distance, -distance)


def _shots(name, count, random):
    """Starts on both sides of and above an obstacle, and velocities of 30 m/s at it."""
    x = np.array(OBSTACLES[name])[:, 0]
    centre, half = x.mean(), np.ptp(x) / 2
    beside = centre + random.choice([-1, 1], count) * (half + random.uniform(0.5, 4.0, count))
    above = centre + random.uniform(-half - 0.5, half + 0.5, count)
    from_above = random.random(count) < 0.5
    height = np.where(from_above, random.uniform(6.5, 8.0, count), random.uniform(0.35, 5.0, count))
    start = np.stack([np.where(from_above, above, beside), height], axis=1)
    target = centre + random.uniform(-half - 0.2, half + 0.2, count), random.uniform(-3, 4, count)
    direction = np.stack(target, axis=1) - start
    return start, 30.0 * direction / np.hypot(*direction.T)[:, None]


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


@pytest.fixture(scope="module")
def paths(throw_many):
    """Of all shots at all obstacles, [steps, joints, 2] m by obstacle: one program for all."""
    random = np.random.default_rng(0)
    shots = [_shots(name, 35, random) for name in OBSTACLES]
    start, velocity = (np.concatenate(part) for part in zip(*shots, strict=True))
    assert (_clearance(start) > RADIUS).all()
    path = throw_many(from_polylines(FLOOR), start, velocity, seconds=0.5)
    return dict(zip(OBSTACLES, np.split(path, len(OBSTACLES), axis=1), strict=True))


@pytest.mark.parametrize("name", OBSTACLES)
def test_nothing_tunnels_at_thirty_metres_a_second(paths, name):
    least = _clearance(paths[name]).min(axis=0)
    assert (least > RADIUS - 0.02).all()  # a sixth of what a joint covers in a step
    assert (least < RADIUS + 0.01).sum() > 15  # most did touch


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("degrees", [20, 60, 85])
def test_a_slope_without_friction_accelerates_by_g_sin(throw, side, degrees):
    angle = math.radians(degrees)
    end = np.array([100 * math.cos(angle), 100 * math.sin(angle)])
    slope = from_polylines([-end, end] if side > 0 else [end * [-1, 1], end * [1, -1]])
    normal = np.array([-side * math.sin(angle), math.cos(angle)])
    downhill = np.array([-side * math.cos(angle), -math.sin(angle)])
    world = World(friction=0.0, drag=0.0)
    position, velocity = throw(slope, RADIUS * normal, [0, 0], world=world)
    np.testing.assert_allclose(velocity[-1] @ downhill, world.gravity * math.sin(angle), rtol=1e-3)
    np.testing.assert_allclose(velocity @ normal, 0.0, atol=5e-3)
    np.testing.assert_allclose(position @ normal, RADIUS, atol=1e-3)


@pytest.mark.parametrize("name", ["gaps", "poet"])
def test_what_falls_into_a_gap_stays_in_it(throw_many, name):
    lines = make_polylines(name, seed=1)
    bottom = lines.floor[:, 1] < -1.0
    left, right = lines.floor[bottom][:20].reshape(-1, 2, 2).transpose(1, 0, 2)
    random = np.random.default_rng(0)
    share = random.uniform(0.0, 1.0, (8, len(left)))
    x = (left[:, 0] + RADIUS) * (1.0 - share) + (right[:, 0] - RADIUS) * share
    start = np.stack([x.ravel(), np.full(x.size, -0.5)], axis=1)
    velocity = np.stack([random.uniform(-30.0, 30.0, x.size), np.full(x.size, -5.0)], axis=1)
    path = throw_many(make_terrain(name, seed=1), start, velocity, seconds=3.0)
    low, high = np.tile(left[:, 0], 8), np.tile(right[:, 0], 8)
    assert (path[..., 0] > low + RADIUS - 0.02).all()
    assert (path[..., 0] < high - RADIUS + 0.02).all()
    np.testing.assert_allclose(path[-1, :, 1], np.tile(left[:, 1], 8) + RADIUS, atol=2e-3)


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
