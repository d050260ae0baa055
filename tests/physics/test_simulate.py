import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physics.body import CAPACITIES
from physics.schedule import chunk_sizes
from physics.simulate import simulate, trajectory
from physics.terrain import make_terrain
from physics.world import World

FLAT = make_terrain("flat")


def test_order_is_kept_over_capacities_and_terrains(random_body):
    bodies = [
        random_body(seed, joints, springs)
        for seed, (joints, springs) in enumerate([(20, 40), (5, 8), (6, 9), (18, 30)])
    ]
    wall = make_terrain("left_wall", distance=3)
    terrains = [wall, make_terrain("right_wall", distance=3), wall, wall]
    together = simulate(bodies, terrains, seconds=0.2)
    for row, (body, terrain) in enumerate(zip(bodies, terrains, strict=True)):
        alone = simulate([body], terrain, seconds=0.2)
        np.testing.assert_allclose(together.displacement[row], alone.displacement[0], atol=1e-5)


def test_more_bodies_than_a_chunk(random_body):
    count = chunk_sizes(CAPACITIES[0], "cpu")[0] + 3
    bodies = [random_body(seed % 7) for seed in range(count)]
    outcome = simulate(bodies, FLAT, seconds=0.1)
    assert len(set(outcome.displacement[:7])) == 7
    np.testing.assert_allclose(
        outcome.displacement, outcome.displacement[np.arange(count) % 7], atol=1e-6
    )


def test_what_else_is_simulated_does_not_change_a_bit(random_body, monkeypatch):
    """Else a fitness would depend on what it shared a batch with, and so on what was cached."""
    bodies = [random_body(seed) for seed in range(70)]
    hills = make_terrain("hills")
    alone = [simulate([body], hills, seconds=2.0) for body in bodies[:3]]
    together = simulate(bodies, hills, seconds=2.0)
    monkeypatch.setattr("physics.simulate.capacity_for", lambda body: CAPACITIES[3])
    roomier = simulate(bodies[:3], hills, seconds=2.0)
    for row in range(3):
        for other in (together, roomier):
            np.testing.assert_array_equal(other.center_of_mass[row], alone[row].center_of_mass[0])


def test_many_terrains_are_joined_by_chunk(random_body):
    bodies = [random_body(seed) for seed in range(20)]
    terrains = [make_terrain("hills", seed=seed) for seed in range(20)]
    together = simulate(bodies, terrains, seconds=0.2)
    for row in (0, 7, 19):
        alone = simulate([bodies[row]], terrains[row], seconds=0.2)
        np.testing.assert_allclose(together.displacement[row], alone.displacement[0], atol=1e-5)


def test_zero_seconds_is_zero_displacement(random_body):
    outcome = simulate([random_body(1), random_body(2)], make_terrain("hills"), seconds=0.0)
    np.testing.assert_array_equal(outcome.displacement, 0.0)
    assert outcome.center_of_mass.shape == (2, 1, 2)


def test_the_outcome_carries_the_body_as_it_stood_before(random_body):
    bodies = [random_body(1), random_body(2, 20, 40)]
    outcome = simulate(bodies, FLAT, seconds=0.1)
    for row, body in enumerate(bodies):
        assert (outcome.width[row], outcome.height[row]) == (body.width, body.height)
        assert outcome.mass[row] == body.mass
    assert (outcome.energy > 0.0).all()
    assert ((outcome.contact_fraction > 0.0) & (outcome.contact_fraction < 1.0)).all()


def test_no_bodies_is_an_empty_outcome():
    outcome = simulate([], FLAT)
    assert outcome.displacement.shape == (0,)
    assert outcome.center_of_mass.shape == (0, 21, 2)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_mirrored_body_walks_the_other_way(seed, random_body):
    body = random_body(seed)
    mirrored = dataclasses.replace(body, joints=body.joints * np.float32([-1, 1]))
    ways = simulate([body, mirrored], FLAT, seconds=0.2)
    assert ways.displacement[0] == pytest.approx(-ways.displacement[1], abs=1e-5)
    walls = [make_terrain("left_wall", distance=2.5), make_terrain("right_wall", distance=2.5)]
    ways = simulate([body, mirrored], walls, seconds=0.2)
    assert ways.displacement[0] == pytest.approx(-ways.displacement[1], abs=1e-5)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_joints_and_springs_does_not_matter(seed, random_body):
    body = random_body(seed)
    random = np.random.default_rng(seed)
    joints, springs = random.permutation(len(body.joints)), random.permutation(len(body.ends))
    permuted = dataclasses.replace(
        body,
        joints=body.joints[joints],
        ends=np.argsort(joints)[body.ends[springs]].astype(np.int32),
        rigid=body.rigid[springs],
        amplitude=body.amplitude[springs],
        phase=body.phase[springs],
    )
    outcome = simulate([body, permuted], FLAT, seconds=0.2)
    assert outcome.displacement[0] == pytest.approx(outcome.displacement[1], abs=1e-4)


def test_trajectory_agrees_with_the_outcome(random_body):
    body = random_body(3)
    frames = trajectory(body, FLAT, seconds=0.5, frames_per_second=30)
    assert frames.shape == (16, 8, 2)
    outcome = simulate([body], FLAT, seconds=0.5)
    center = frames.mean(axis=1)
    np.testing.assert_allclose(center[[0, -1]], outcome.center_of_mass[0], atol=1e-3)


def test_refusals_name_what_was_got(random_body):
    body = random_body(1)
    with pytest.raises(ValueError, match="terrains: got 2, want one, or one per body"):
        simulate([body], [FLAT, FLAT])
    for seconds in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="seconds: got"):
            simulate([body], FLAT, seconds=seconds)
    with pytest.raises(ValueError, match="frames_per_second: got 7"):
        trajectory(body, FLAT, frames_per_second=7)
    with pytest.raises(ValueError, match="radius"):
        simulate([body], FLAT, world=World(joint_radius=2.0))
    with pytest.raises(ValueError, match="unknown backend: got 'warp', want one of: auto, xla"):
        simulate([body], FLAT, backend="warp")
    with pytest.raises(ValueError, match="displaced: got 2 starts"):
        simulate([body], FLAT, displaced=[body.joints, body.joints])
    with pytest.raises(ValueError, match=r"displaced\[0\]: got shape \[7, 2\]"):
        simulate([body], FLAT, displaced=[body.joints[1:]])
    giant = random_body(1, joints=330, springs=10)
    with pytest.raises(ValueError, match=r"bodies\[1\]: got 330 joints"):
        simulate([body, giant], FLAT)
