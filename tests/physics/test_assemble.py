import math

import numpy as np
import pytest

from physics.assemble import STABLE_LOAD, assemble
from physics.body import Capacity
from physics.terrain import from_polylines, make_terrain
from physics.world import World

WORLD = World()
SMALL = Capacity(16, 32)


def test_coefficients_have_the_frequency_and_damping_asked_for(make_body):
    body = make_body([[0, 0], [2, 0], [5, 0]], [[0, 1], [1, 2]], rigid=[True, False])
    walker = assemble([body], [make_terrain("flat")], SMALL, WORLD)
    # Two unit masses on a spring: w^2 = 2 k, and the rate of decay zeta w equals the damping.
    rate = np.sqrt(2.0 * walker.stiffness[0, :2])
    np.testing.assert_allclose(rate / (2 * math.pi), [16.0, 3.0], rtol=1e-6)
    soft = 0.3 * rate[1] + walker.stiffness[0, 1] / 60.0
    np.testing.assert_allclose(walker.damping[0, :2], [0.5 * rate[0], soft], rtol=1e-6)


def test_crowded_joints_are_softened_until_stable(make_body):
    springs = np.stack(np.triu_indices(12, 1), axis=1)
    random = np.random.default_rng(0)
    body = make_body(random.uniform(0, 3, (12, 2)), springs)
    walker = assemble([body], [make_terrain("flat")], Capacity(32, 128), WORLD)
    dt = WORLD.time_step
    load = dt**2 * walker.stiffness[0] + 2 * dt * walker.damping[0]
    total = np.zeros(32)
    first, second = walker.wiring.ends[0]
    np.add.at(total, first, load)
    np.add.at(total, second, load)
    assert (total[first] + total[second]).max() <= STABLE_LOAD * 1.001


def test_placement_centres_and_clears_the_floor(make_body):
    terrain = from_polylines([[-50, 0], [1, 0], [2, 1], [50, 1]])
    body = make_body([[10, 7], [12, 9], [14, 8]], [[0, 1], [1, 2]])
    position = assemble([body], [terrain], SMALL, WORLD).position[0, :, :3]
    # Centred, the joints stand at x = -2, 0, 2 over floor 0, 0, 1: heights 7, 9 and 8 - 1 over it.
    np.testing.assert_allclose(position[0], [-2, 0, 2], atol=1e-6)
    np.testing.assert_allclose(position[1], [0.3, 2.3, 1.3], atol=1e-6)


def test_a_displaced_body_keeps_the_lengths_of_its_springs(make_body):
    body = make_body([[0, 0], [2, 0]], [[0, 1]])
    closer = [np.array([[0.5, 0], [-0.5, 0]], np.float32)]
    walker = assemble([body], [make_terrain("flat")], SMALL, WORLD, displaced=closer)
    np.testing.assert_allclose(walker.position[0, 0, :2], [-0.5, 0.5])
    assert walker.rest_length[0, 0] == 2.0


def test_a_body_in_a_batch_equals_the_body_alone(random_body):
    bodies = [random_body(1, joints=5, springs=6), random_body(2), random_body(3, 16, 32)]
    terrains = [make_terrain("flat"), make_terrain("bumpy"), make_terrain("flat")]
    together = assemble(bodies, terrains, SMALL, WORLD)
    for row, (body, terrain) in enumerate(zip(bodies, terrains, strict=True)):
        alone = assemble([body], [terrain], SMALL, WORLD)
        for field in ("position", "share", "stiffness", "damping", "swing_sine"):
            np.testing.assert_array_equal(getattr(together, field)[row], getattr(alone, field)[0])
        np.testing.assert_array_equal(together.wiring.ends[row], alone.wiring.ends[0])


def test_refuses_a_body_beyond_the_capacity(random_body):
    with pytest.raises(ValueError, match="body 0: got 8 joints and 14 springs, want at most 4"):
        assemble([random_body(0)], [make_terrain("flat")], Capacity(4, 4), WORLD)
