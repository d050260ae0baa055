import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm.attention import attend, attend_causal, causal_mask


@pytest.mark.parametrize("time", [1, 63, 65, 200, 600])
def test_blocks_of_queries_change_nothing(time):
    query, key, value = jax.random.normal(jax.random.key(0), (3, 2, time, 2, 8))
    mask = causal_mask(jnp.array([time, max(1, time // 2)]), time)
    np.testing.assert_allclose(
        attend_causal(query, key, value, mask), attend(query, key, value, mask), atol=1e-5
    )


def test_a_token_sees_nothing_behind_it():
    query, key, value = jax.random.normal(jax.random.key(0), (3, 1, 100, 2, 8))
    mask = causal_mask(jnp.array([100]), 100)
    before = attend_causal(query, key, value, mask)
    changed = attend_causal(query, key.at[:, 70:].add(9.0), value.at[:, 70:].add(9.0), mask)
    np.testing.assert_array_equal(changed[:, :70], before[:, :70])
    assert not np.allclose(changed[:, 70:], before[:, 70:])
