import numpy as np
import pytest

from elmjax.bench.cases import TERRAIN_NAMES, case_polylines, in_turn, random_bodies
from physics.body import CAPACITIES, capacity_for
from physics.room import has_room
from physics.simulate import simulate
from physics.terrain import build
from physics.world import World


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_bodies_fill_their_capacity(capacity):
    for body in random_bodies(capacity, 3):
        assert (len(body.joints), len(body.ends)) == (capacity.joints, capacity.springs)
        assert capacity_for(body) == capacity
        assert len({frozenset(pair) for pair in body.ends.tolist()}) == capacity.springs
        assert _reached(body.ends) == set(range(capacity.joints))


def test_bodies_are_the_same_however_many_there_are():
    few, many = random_bodies(CAPACITIES[0], 2), random_bodies(CAPACITIES[0], 5)
    assert [body.digest() for body in few] == [body.digest() for body in many[:2]]
    assert len({body.digest() for body in many}) == 5
    assert random_bodies(CAPACITIES[0], 1, seed=1)[0].digest() != few[0].digest()


def test_mixed_is_every_terrain_in_turn():
    named = [case_polylines(name)[0].floor for name in TERRAIN_NAMES[:-1]]
    for index, lines in enumerate(in_turn(case_polylines("mixed"), 20)):
        np.testing.assert_array_equal(lines.floor, named[index % 9])


def test_walkers_have_room_and_stay_finite_on_all_terrains():
    bodies = random_bodies(CAPACITIES[0], 30)
    lines = case_polylines("mixed")
    radius = World().joint_radius
    assert all(has_room(body, each, radius) for body in bodies for each in lines)
    outcome = simulate(bodies, in_turn([build(each) for each in lines], 30), seconds=5.0)
    assert not outcome.diverged.any()
    assert len(set(outcome.displacement.tolist())) == 30


def _reached(ends: np.ndarray) -> set[int]:
    """Joints that springs connect to joint 0."""
    reached, before = {0}, 0
    while len(reached) > before:
        before = len(reached)
        reached |= {int(b) for pair in ends for a, b in (pair, pair[::-1]) if int(a) in reached}
    return reached
