import numpy as np
import pytest

from physics.robustness import Starts, perturbations, simulate_perturbed
from physics.simulate import simulate
from physics.terrain import make_terrain

FLAT = make_terrain("flat")


def test_unperturbed_starts_are_the_walk_itself(random_body):
    bodies = [random_body(1), random_body(2)]
    robust = simulate_perturbed(bodies, FLAT, Starts(count=3, jitter=0.0), seconds=1.0)
    walk = np.abs(simulate(bodies, FLAT, seconds=1.0).displacement)
    np.testing.assert_array_equal(robust.worst, walk)
    np.testing.assert_allclose(robust.mean, walk, rtol=1e-6)


def test_mean_and_worst_are_over_the_walks_of_one_body(random_body):
    bodies = [random_body(seed) for seed in range(3)]
    walls = [make_terrain("left_wall", distance=3), FLAT, FLAT]
    robust = simulate_perturbed(bodies, walls, Starts(count=4), seconds=2.0)
    distance = np.abs(robust.outcome.displacement).reshape(3, 4)
    assert (np.ptp(distance, axis=1) > 0.0).all()
    np.testing.assert_allclose(robust.mean, [row.sum() / 4 for row in distance], rtol=1e-6)
    np.testing.assert_array_equal(robust.worst, [min(row) for row in distance])


def test_starts_follow_from_the_body_alone(random_body):
    body, starts = random_body(1), Starts(count=2, jitter=0.1)
    alone = simulate_perturbed([body], FLAT, starts, seconds=1.0)
    together = simulate_perturbed([random_body(2), body], FLAT, starts, seconds=1.0)
    np.testing.assert_array_equal(together.mean[1], alone.mean[0])
    shifts = perturbations(random_body(3, joints=300, springs=10), starts)
    assert np.std(shifts) == pytest.approx(0.1, rel=0.1)
    assert not np.array_equal(*shifts)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"jitter": -0.1}, {"jitter": float("nan")}])
def test_starts_that_make_no_sense_are_errors(wrong):
    with pytest.raises(ValueError, match=r"Starts\..*got"):
        Starts(**wrong)
