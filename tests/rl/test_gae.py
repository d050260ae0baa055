"""Generalised advantages against a table worked out by hand and against a plain loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.rl.gae import generalized_advantage

# Two sequences of 3 and 1 tokens, discount 1/2, trace 1/2; 99 stands behind the second's end.
#   surprise[2] = 4 - 2             = 2       advantage[2] = 2
#   surprise[1] = 0 + 2/2 - 1       = 0       advantage[1] = 0 + 2/4 = 0.5
#   surprise[0] = 1 + 1/2 - 3       = -1.5    advantage[0] = -1.5 + 0.5/4 = -1.375
#   second:       5 - 1             = 4
REWARD = [[1.0, 0.0, 4.0], [5.0, 99.0, 99.0]]
VALUE = [[3.0, 1.0, 2.0], [1.0, 99.0, 99.0]]
LENGTH = [3, 1]
ADVANTAGE = [[-1.375, 0.5, 2.0], [4.0, 0.0, 0.0]]
RETURN = [[1.625, 1.5, 4.0], [5.0, 0.0, 0.0]]


def test_hand_computed_table():
    advantage, target = generalized_advantage(
        jnp.array(REWARD), jnp.array(VALUE), jnp.array(LENGTH), 0.5, 0.5
    )
    np.testing.assert_array_equal(advantage, ADVANTAGE)
    np.testing.assert_array_equal(target, RETURN)


def plain_loop(reward, value, length, discount, trace):
    advantage = np.zeros_like(reward)
    for row, end in enumerate(length):
        for t in range(end):
            for later in range(t, end):
                following = value[row, later + 1] if later + 1 < end else 0.0
                surprise = reward[row, later] + discount * following - value[row, later]
                advantage[row, t] += (discount * trace) ** (later - t) * surprise
    return advantage


@pytest.mark.parametrize(("discount", "trace"), [(1.0, 0.95), (0.9, 0.0), (0.97, 1.0)])
def test_equals_the_definition_summed_forward(discount, trace):
    rng = np.random.default_rng(0)
    reward, value = rng.normal(size=(2, 6, 17))
    length = np.array([17, 1, 0, 5, 16, 9])
    advantage, target = jax.jit(generalized_advantage)(
        jnp.float32(reward), jnp.float32(value), jnp.int32(length), discount, trace
    )
    expected = plain_loop(reward, value, length, discount, trace)
    np.testing.assert_allclose(advantage, expected, atol=1e-5)
    real = np.arange(17) < length[:, None]
    np.testing.assert_allclose(target, np.where(real, expected + value, 0.0), atol=1e-5)


def test_full_trace_without_discount_is_the_monte_carlo_return():
    reward = jnp.array([[1.0, 2.0, 3.0, 0.0]])
    value = jnp.array([[7.0, -5.0, 11.0, 0.0]])
    _, target = generalized_advantage(reward, value, jnp.array([3]), 1.0, 1.0)
    np.testing.assert_allclose(target, [[6.0, 5.0, 3.0, 0.0]])


def test_whatever_stands_behind_the_end_is_ignored_even_nan():
    reward, value = jnp.array(REWARD), jnp.array(VALUE)
    poisoned = jnp.where(jnp.array(REWARD) == 99.0, jnp.nan, 0.0)
    advantage, target = generalized_advantage(
        reward + poisoned, value + poisoned, jnp.array(LENGTH), 0.5, 0.5
    )
    np.testing.assert_array_equal(advantage, ADVANTAGE)
    np.testing.assert_array_equal(target, RETURN)
