"""Token rewards, whitening and the running scale of rewards."""

import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.rl.episode import RewardScale, token_rewards, whiten


def test_every_token_pays_its_divergence_and_the_last_one_earns():
    log_prob = jnp.array([[-1.0, -2.0, -3.0], [-1.0, 7.0, 7.0]])
    reference = jnp.array([[-1.5, -2.0, -2.0], [-3.0, -7.0, -7.0]])
    rewards = token_rewards(
        jnp.array([10.0, 0.25]), jnp.array([3, 1]), log_prob, reference, kl_coefficient=0.5
    )
    np.testing.assert_allclose(rewards, [[-0.25, 0.0, 10.5], [0.25 - 1.0, 0.0, 0.0]])
    assert rewards.dtype == jnp.float32


def test_fractions_of_a_reward_survive():
    nothing = jnp.zeros((1, 2))
    rewards = token_rewards(jnp.array([0.3]), jnp.array([2]), nothing, nothing, 0.1)
    assert rewards[0, 1] == pytest.approx(0.3)


def test_whitening_ignores_padding():
    rng = np.random.default_rng(1)
    quantity = rng.normal(5.0, 3.0, (4, 9)).astype(np.float32)
    mask = np.arange(9) < np.array([9, 3, 0, 6])[:, None]
    padded = np.where(mask, quantity, 1e6)
    white = np.asarray(whiten(jnp.asarray(padded), jnp.asarray(mask)))
    assert np.all(white[~mask] == 0.0)
    assert white[mask].mean() == pytest.approx(0.0, abs=1e-5)
    assert white[mask].std() == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(
        white[mask], (quantity[mask] - quantity[mask].mean()) / quantity[mask].std(), atol=1e-5
    )


def test_whitening_leaves_equal_advantages_at_zero():
    white = whiten(jnp.full((2, 3), 0.7), jnp.ones((2, 3), bool))
    np.testing.assert_allclose(white, np.zeros((2, 3)), atol=1e-2)


def test_running_scale_equals_the_deviation_of_all_rewards():
    rng = np.random.default_rng(2)
    batches = [rng.normal(mean, 40.0, 32).astype(np.float32) for mean in (0.0, 100.0, 300.0)]
    scale = RewardScale.start()
    for batch in batches:
        scale = scale.include(jnp.asarray(batch))
    assert scale.deviation == pytest.approx(np.concatenate(batches).std(), rel=1e-5)


def test_scale_of_equal_rewards_is_one_and_a_batch_with_nan_changes_nothing():
    scale = RewardScale.start().include(jnp.full(8, 3.0))
    assert scale.deviation == 1.0
    spoiled = scale.include(jnp.array([1.0, jnp.nan]))
    assert spoiled.count == scale.count
    assert spoiled.deviation == 1.0
