"""Rows and time buckets of rollouts."""

import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.rl.rollout import Rollout, crop, take_rows


def rollout(lengths, time=32):
    batch = len(lengths)
    length = np.array(lengths, np.int32)
    real = np.arange(time) < length[:, None]
    return Rollout(
        terrain=jnp.arange(2, dtype=jnp.int32),
        terrain_index=jnp.arange(batch, dtype=jnp.int32) % 2,
        prompt=jnp.arange(batch * 3, dtype=jnp.int32).reshape(batch, 3),
        prompt_length=jnp.full(batch, 3, jnp.int32),
        tokens=jnp.asarray(np.where(real, 7, 0)),
        length=jnp.asarray(length),
        log_prob=jnp.asarray(np.where(real, -1.0, 0.0), jnp.float32),
    )


@pytest.mark.parametrize(
    ("longest", "extent"), [(1, 8), (8, 8), (9, 16), (16, 16), (17, 32), (32, 32)]
)
def test_crop_takes_the_smallest_bucket_that_holds_every_completion(longest, extent):
    cropped = crop(rollout([1, longest]), buckets=(16, 8, 64))
    assert cropped.tokens.shape == cropped.log_prob.shape == (2, extent)
    assert jnp.sum(cropped.tokens == 7) == 1 + longest


def test_rows_are_taken_over_the_same_terrains():
    whole = rollout([4, 5, 6])
    taken = take_rows(whole, jnp.array([2, 0]))
    np.testing.assert_array_equal(taken.length, [6, 4])
    np.testing.assert_array_equal(taken.prompt, whole.prompt[jnp.array([2, 0])])
    np.testing.assert_array_equal(taken.terrain_index, [0, 0])
    np.testing.assert_array_equal(taken.terrain, whole.terrain)
