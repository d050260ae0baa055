"""The controller of the KL penalty: where it goes, how fast, and what it refuses."""

import jax.numpy as jnp
import pytest

from elmjax.rl.config import PPOConfig
from elmjax.rl.penalty import adapt

ADAPTIVE = PPOConfig(kl_target=10.0, kl_horizon=1000)


@pytest.mark.parametrize(
    ("divergence", "factor"),
    [(10.0, 1.0), (11.0, 1.01), (1000.0, 1.02), (9.5, 0.995), (-5.0, 0.98)],
)
def test_a_tenth_of_the_horizon_moves_it_by_a_tenth_of_the_error(divergence, factor) -> None:
    changed = adapt(ADAPTIVE, jnp.float32(0.05), jnp.float32(divergence), 100)
    assert changed == pytest.approx(0.05 * factor, rel=1e-5)


def test_a_large_batch_counts_as_the_horizon() -> None:
    assert adapt(ADAPTIVE, jnp.float32(1.0), jnp.float32(0.0), 10**6) == pytest.approx(0.8)


def test_without_target_or_number_it_stays() -> None:
    assert adapt(PPOConfig(), jnp.float32(0.3), jnp.float32(50.0), 100) == pytest.approx(0.3)
    assert adapt(ADAPTIVE, jnp.float32(0.3), jnp.float32("nan"), 100) == pytest.approx(0.3)
