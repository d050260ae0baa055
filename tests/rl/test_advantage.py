"""The four estimators against tables worked out by hand."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.rl.advantage import estimate_advantage
from elmjax.rl.config import PPOConfig
from elmjax.rl.rollout import Rollout

# Five programs of 2, 1, 2, 2 and 1 tokens; terrain 0 has three of them, terrain 1 two.
#   sums of rewards: 4, 1, 1 | 3, 7
LENGTH = [2, 1, 2, 2, 1]
TERRAIN = [0, 0, 0, 1, 1]
REWARD = [[1.0, 3.0], [1.0, 0.0], [-1.0, 2.0], [0.0, 3.0], [7.0, 0.0]]


def rollout(length=LENGTH, terrain=TERRAIN) -> Rollout:
    empty = jnp.zeros((len(length), 2))
    return Rollout(
        terrain=jnp.arange(2),
        terrain_index=jnp.array(terrain),
        prompt=empty,
        prompt_length=jnp.array(length),
        tokens=empty,
        length=jnp.array(length),
        log_prob=empty,
    )


def estimate(estimator, reward=REWARD, value=0.0, **settings):
    config = PPOConfig(estimator=estimator, whitening=False, **settings)
    reward = jnp.array(reward)
    return estimate_advantage(config, rollout(), reward, jnp.full_like(reward, value))


def test_rloo_compares_with_the_mean_of_the_others() -> None:
    advantage, _ = estimate("rloo", value=99.0)
    # 4 - (1 + 1) / 2, 1 - (4 + 1) / 2, the same; 3 - 7, 7 - 3
    np.testing.assert_allclose(advantage, [[3, 3], [-1.5, 0], [-1.5, -1.5], [-4, -4], [4, 0]])


def test_grpo_standardises_within_a_terrain() -> None:
    advantage, _ = estimate("grpo", value=99.0)
    # Mean 2, variance 2; mean 5, variance 4.
    two = 2.0**0.5
    expected = [[two, two], [-1 / two, 0], [-1 / two, -1 / two], [-1, -1], [1, 0]]
    np.testing.assert_allclose(advantage, expected, rtol=1e-5)


def test_reinforce_counts_what_is_still_to_come() -> None:
    advantage, target = estimate("reinforce++", value=99.0, discount=0.5)
    expected = [[2.5, 3], [1, 0], [0, 2], [1.5, 3], [7, 0]]
    np.testing.assert_allclose(advantage, expected)
    np.testing.assert_allclose(target, expected)


def test_gae_is_that_of_its_module_and_whitened_over_real_tokens() -> None:
    advantage, target = estimate("gae", value=1.0, trace=1.0)
    # What is to come, without the value; behind the end nothing.
    np.testing.assert_allclose(advantage, [[3, 2], [0, 0], [0, 1], [2, 2], [6, 0]])
    np.testing.assert_allclose(target, [[4, 3], [1, 0], [1, 2], [3, 3], [7, 0]])
    config = PPOConfig(trace=1.0)
    reward = jnp.array(REWARD)
    white, _ = estimate_advantage(config, rollout(), reward, jnp.ones_like(reward))
    real = np.arange(2) < np.array(LENGTH)[:, None]
    values = np.asarray(advantage)[real]
    np.testing.assert_allclose(np.asarray(white)[real], (values - values.mean()) / values.std())
    assert not np.asarray(white)[~real].any()


@pytest.mark.parametrize("estimator", ["grpo", "rloo"])
def test_equal_programs_and_lonely_ones_gain_nothing(estimator) -> None:
    config = PPOConfig(estimator=estimator)
    few = dataclasses.replace(rollout(LENGTH, [0, 0, 0, 0, 1]))
    reward = jnp.array([[2.0, 1.0], [3.0, 0.0], [0.0, 3.0], [1.0, 2.0], [7.0, 0.0]])
    advantage, _ = estimate_advantage(config, few, reward, jnp.zeros_like(reward))
    np.testing.assert_array_equal(advantage, np.zeros((5, 2)))
