"""PPO on adapters: the stage 2 model is there once, frozen, and is the reference."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.rl.config import PPOConfig
from elmjax.rl.policy import read
from elmjax.rl.ppo import init_state, make_update

KEY = jax.random.key(5)
RANK = 2
CONFIG = PPOConfig(epochs=2, minibatches=2, learning_rate=1e-2)
READ = jax.jit(read, static_argnums=1)


@pytest.fixture(scope="module", params=["head", "model"])
def adapted(request, codes_world):
    return dataclasses.replace(codes_world, rank=RANK, value=request.param)


def shaken(params):
    """Adapters far from their start."""
    generator = np.random.default_rng(2)
    loud = jax.tree.map(
        lambda leaf: leaf + jnp.asarray(0.5 * generator.normal(size=leaf.shape), jnp.float32),
        params["lm"],
    )
    return params | {"lm": loud}


def test_the_policy_starts_as_the_stage_2_model(adapted):
    """With the encoder's say taken away, adapted policy and reference are one model."""
    params = adapted.start()
    still = params | {"encoder": jax.tree.map(jnp.zeros_like, params["encoder"])}
    rollout = adapted.act(still, seed=0)
    reference = adapted.judge(still, rollout).reference_log_prob
    np.testing.assert_allclose(rollout.log_prob, reference, atol=1e-5)


def test_the_first_ratio_is_one(adapted):
    params = shaken(adapted.start())
    rollout = adapted.act(params, seed=0)
    update = jax.jit(make_update(CONFIG, adapted.model))
    _, metrics = update(init_state(CONFIG, params), adapted.judge(params, rollout), KEY, adapted.lm)
    assert metrics["first_ratio_deviation"] < 1e-5
    # The adapters do matter: without them the ratio would be another.
    fresh = READ(adapted.start(), adapted.model, rollout, 1.0, adapted.lm)
    assert np.abs(np.exp(np.asarray(fresh.log_prob - rollout.log_prob)) - 1.0).max() > 1e-2


def test_the_reference_knows_no_adapter(adapted, codes_world):
    rollout = adapted.act(adapted.start(), seed=0)
    loud = adapted.judge(shaken(adapted.start()), rollout).reference_log_prob
    plain = codes_world.judge(codes_world.start(), rollout).reference_log_prob
    np.testing.assert_allclose(loud, plain, atol=1e-6)


def test_an_update_moves_adapters_and_no_weight(adapted):
    params = adapted.start()
    before = jax.tree.map(np.array, adapted.lm)
    batch = adapted.judge(params, adapted.act(params, seed=0))
    state, metrics = jax.jit(make_update(CONFIG, adapted.model))(
        init_state(CONFIG, params), batch, KEY, adapted.lm
    )
    assert metrics["applied"] == CONFIG.epochs * CONFIG.minibatches
    for pair in state.params["lm"]["blocks"].values():
        assert jnp.abs(pair["lora_b"]).max() > 0.0
    jax.tree.map(np.testing.assert_array_equal, adapted.lm, before)


def test_what_is_trained_and_its_optimiser_hold_adapters_alone(adapted, codes_world):
    """Of a layer of width 16, hidden 32 and one rank: inputs and outputs of seven projections."""
    inputs = 16 * 3 + 16 + 16 * 2 + 32
    outputs = 16 * 3 + 16 + 32 * 2 + 16
    state = init_state(CONFIG, adapted.start())
    assert sum(leaf.size for leaf in jax.tree.leaves(state.params["lm"])) == RANK * (
        inputs + outputs
    )
    # Two moments for every trained number, and a count or two.
    trained = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    kept = sum(leaf.size for leaf in jax.tree.leaves(state.optimizer))
    assert 2 * trained <= kept <= 2 * trained + 8
