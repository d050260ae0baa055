"""Three forms of one walker: each must tell the same of the same springs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physics.assemble import assemble
from physics.backends.lanes import to_incidence, to_pairs
from physics.body import Capacity
from physics.terrain import make_terrain
from physics.world import World


@pytest.fixture(scope="module")
def walkers(random_body):
    bodies = [random_body(seed, 5 + seed, 8 + seed) for seed in range(4)]
    return assemble(bodies, [make_terrain("flat")] * 4, Capacity(16, 32), World())


def _first(walkers):
    return jax.tree.map(lambda leaf: leaf[0], walkers)


@pytest.mark.parametrize("rewire", [to_pairs, to_incidence])
def test_sums_over_joints_and_over_springs_agree_with_indices(walkers, rewire):
    listed, other = _first(walkers), _first(rewire(walkers))
    rows = jnp.array(np.random.default_rng(0).normal(size=(2, 16)), jnp.float32)

    def pull(walker):
        return walker.stiffness * walker.wiring.differences(rows)

    np.testing.assert_allclose(
        other.wiring.sums(pull(other), 16), listed.wiring.sums(pull(listed), 16), rtol=1e-4
    )
    np.testing.assert_allclose(
        other.wiring.total(other.rest_length), listed.wiring.total(listed.rest_length), rtol=1e-6
    )


def test_differences_are_second_end_minus_first(walkers):
    rows = jnp.arange(32, dtype=jnp.float32).reshape(2, 16) ** 2
    for rewire in (lambda each: each, to_incidence):
        walker = _first(rewire(walkers))
        first, second = _first(walkers).wiring.ends
        np.testing.assert_array_equal(
            walker.wiring.differences(rows), rows[:, second] - rows[:, first]
        )


def test_pairs_hold_every_spring_at_both_its_ends(walkers):
    listed, pairs = _first(walkers), _first(to_pairs(walkers))
    for spring, (first, second) in enumerate(listed.wiring.ends.T[:8]):
        for place in ((first, second), (second, first)):
            assert pairs.stiffness[place] == listed.stiffness[spring]
    assert np.count_nonzero(pairs.stiffness) == 2 * 8
