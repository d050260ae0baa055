"""The terms of the PPO objective: values by hand, estimators by their expectation, masking."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.rl import losses

ONE = jnp.ones((1, 1), bool)


def scalar(value):
    return jnp.full((1, 1), value, jnp.float32)


@pytest.mark.parametrize(
    ("ratio", "advantage", "gain", "slope"),
    [
        (1.1, 2.0, 2.2, 2.2),  # inside the range
        (1.5, 2.0, 2.4, 0.0),  # no profit from going further up
        (0.5, 2.0, 1.0, 1.0),  # but the way back is open
        (0.5, -2.0, -1.6, 0.0),
        (1.5, -2.0, -3.0, -3.0),
    ],
)
def test_surrogate_is_clipped_on_the_profitable_side_only(ratio, advantage, gain, slope):
    def loss(log_prob):
        return losses.clipped_policy_loss(log_prob, scalar(-1.0), scalar(advantage), ONE, 0.2)

    value, gradient = jax.value_and_grad(loss)(scalar(-1.0) + jnp.log(ratio))
    assert value == pytest.approx(-gain, rel=1e-5)
    assert gradient.item() == pytest.approx(-slope, rel=1e-5)


def test_value_loss_plain_and_clipped():
    mask = jnp.array([[True, True, False]])
    value, old = jnp.array([[3.0, 1.0, 50.0]]), jnp.array([[1.0, 1.0, 0.0]])
    target = jnp.array([[4.0, 2.0, 0.0]])
    assert losses.value_loss(value, old, target, mask, None) == pytest.approx(0.5 * (1 + 1) / 2)
    # The first estimate may profit only up to 1.5, whose squared error is 6.25.
    assert losses.value_loss(value, old, target, mask, 0.5) == pytest.approx(0.5 * (6.25 + 1) / 2)


@pytest.mark.parametrize(
    ("entropy", "cost", "slope"), [(0.25, 0.75, -1.0), (1.5, 0.0, 0.0), (2.5, 0.5, 1.0)]
)
def test_entropy_costs_outside_its_bounds_alone(entropy, cost, slope):
    def total(values):
        return losses.entropy_cost(values, jnp.array([[True, False]]), (1.0, 2.0))

    value, gradient = jax.value_and_grad(total)(jnp.array([[entropy, 50.0]]))
    assert value == pytest.approx(cost)
    np.testing.assert_allclose(gradient, [[slope, 0.0]])
    plain = losses.entropy_cost(jnp.array([[entropy, 50.0]]), jnp.array([[True, False]]), None)
    assert plain == pytest.approx(-entropy)


def test_kl_estimators_agree_with_the_divergence_in_expectation():
    log_p, log_q = jax.nn.log_softmax(jnp.array([[0.3, -1.0, 0.9], [1.0, 0.0, -1.0]]))
    divergence = float(jnp.sum(jnp.exp(log_p) * (log_p - log_q)))
    tokens = jax.random.categorical(jax.random.key(0), log_p, shape=(400, 500))
    mask = jnp.ones(tokens.shape, bool)
    k1 = losses.kl_k1(log_p[tokens], log_q[tokens], mask)
    k3 = losses.kl_k3(log_p[tokens], log_q[tokens], mask)
    assert k1 == pytest.approx(divergence, rel=0.03)
    assert k3 == pytest.approx(divergence, rel=0.03)
    one_by_one = jax.vmap(losses.kl_k3)(log_p[tokens[0]], log_q[tokens[0]], mask[0])
    assert jnp.all(one_by_one >= 0.0)


def test_ratio_statistics_of_known_ratios():
    mask = jnp.array([[True, True, True, True, False]])
    behaviour = jnp.full((1, 5), -2.0)
    ratio = jnp.array([[1.0, 1.1, 1.3, 0.6, 1000.0]])
    statistics = losses.ratio_statistics(behaviour + jnp.log(ratio), behaviour, mask, 0.2)
    assert statistics.mean == pytest.approx(1.0, abs=1e-6)
    assert statistics.largest_deviation == pytest.approx(0.4, abs=1e-6)
    assert statistics.clip_fraction == pytest.approx(0.5)
    assert statistics.kl == pytest.approx(-np.mean(np.log([1.0, 1.1, 1.3, 0.6])), abs=1e-6)


def test_masked_places_reach_neither_value_nor_gradient():
    mask = jnp.array([[True, False], [False, False]])
    advantage = jnp.array([[1.5, jnp.nan], [jnp.nan, jnp.nan]])

    def total(log_prob, value):
        return (
            losses.clipped_policy_loss(log_prob, jnp.zeros((2, 2)), advantage, mask, 0.2)
            + losses.value_loss(value, advantage, advantage, mask, 0.2)
            + losses.entropy_cost(value, mask, None)
            + losses.kl_k3(log_prob, value, mask)
        )

    clean, garbage = jnp.full((2, 2), 0.1), jnp.array([[0.1, 1e30], [jnp.inf, jnp.nan]])
    expected, expected_gradient = jax.value_and_grad(total, (0, 1))(clean, clean)
    value, gradient = jax.value_and_grad(total, (0, 1))(garbage, garbage)
    assert jnp.isfinite(value)
    assert value == expected
    for got, wanted in zip(gradient, expected_gradient, strict=True):
        np.testing.assert_array_equal(got, wanted)
        assert jnp.all(jnp.where(mask, 0.0, got) == 0.0)
