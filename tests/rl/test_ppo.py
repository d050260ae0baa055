"""One update: first ratio, padding, where gradients go, and what ends or skips it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm.terrain_encoder import resnet50
from elmjax.rl.config import PPOConfig
from elmjax.rl.ppo import init_state, make_update

CONFIG = PPOConfig(
    minibatches=2, learning_rate=3e-3, head_learning_rate=1e-2, target_kl=None, value_clip=0.2
)
KEY = jax.random.key(5)


def compiled(config, model):
    return jax.jit(make_update(config, model), donate_argnums=0)


@pytest.fixture(scope="module")
def update(codes_world):
    return compiled(CONFIG, codes_world.model)


@pytest.fixture(scope="module")
def batch(codes_world):
    params = codes_world.start()
    return codes_world.judge(params, codes_world.act(params, seed=0))


def assert_equal(left, right):
    jax.tree.map(np.testing.assert_array_equal, left, right)


def test_first_ratio_is_one_and_later_ones_are_not(codes_world, update, batch):
    state, metrics = update(init_state(CONFIG, codes_world.start()), batch, KEY)
    assert metrics["first_ratio_deviation"] < 1e-5
    assert metrics["ratio_deviation"] > 1e-3
    assert metrics["applied"] == CONFIG.epochs * CONFIG.minibatches
    assert state.skipped == 0
    for name, metric in metrics.items():
        assert metric.dtype == jnp.float32, name
        assert metric.shape == (), name
        assert jnp.isfinite(metric), name


def test_every_part_of_the_policy_moves_and_stays_finite(codes_world, update, batch):
    start = codes_world.start()
    state, _ = update(init_state(CONFIG, start), batch, KEY)
    before = jax.tree_util.tree_leaves_with_path(codes_world.start())
    for (path, old), new in zip(before, jax.tree.leaves(state.params), strict=True):
        assert jnp.all(jnp.isfinite(new)), path
        assert jnp.any(new != old), path


@pytest.mark.parametrize("kind", ["codes", "image"])
@pytest.mark.parametrize("value", ["head", "model"])
def test_gradients_of_the_loss_reach_every_parameter(request, kind, value):
    world = dataclasses.replace(request.getfixturevalue(f"{kind}_world"), value=value)
    params = world.start()
    batch = world.judge(params, world.act(params, seed=0))
    update = compiled(CONFIG, world.model)
    # What lies behind scales and heads that start at zero is reached from the second step on.
    state, metrics = update(init_state(CONFIG, params), batch, KEY)
    assert metrics["first_ratio_deviation"] < 1e-5
    moments = [adam.inner_state[0].mu for adam in state.optimizer[1].inner_states.values()]
    reached = [np.asarray(jnp.any(leaf != 0)) for leaf in jax.tree.leaves(moments)]
    assert len(reached) == len(jax.tree.leaves(state.params))
    assert all(reached)


def test_frozen_statistics_stay_and_the_first_ratio_is_one(image_world):
    frozen = dataclasses.replace(image_world.model.encoder, normalisation="frozen_batch")
    world = dataclasses.replace(image_world, encoder=frozen)
    params = world.start()
    batch = world.judge(params, world.act(params, seed=0))
    update = compiled(CONFIG, world.model)
    state, metrics = update(init_state(CONFIG, params), batch, KEY)
    assert metrics["first_ratio_deviation"] < 1e-5
    state, _ = update(state, batch, KEY)  # scales that start at zero hide gradients of the first
    before = jax.tree_util.tree_leaves_with_path(world.start()["encoder"]["network"])
    after = jax.tree.leaves(state.params["encoder"]["network"])
    for (path, old), new in zip(before, after, strict=True):
        is_frozen = any(getattr(key, "key", "") == "norm" for key in path)
        assert bool(jnp.all(new == old)) or not is_frozen, path
    assert any(bool(jnp.any(new != old)) for (_, old), new in zip(before, after, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("value", ["head", "model"])
def test_the_first_ratio_of_every_update_is_one_with_resnet50(image_world, value):
    encoder = resnet50(width=16, slots=2, image=(32, 64))
    terrain = jnp.repeat(jnp.repeat(image_world.terrain, 2, axis=1), 2, axis=2)
    world = dataclasses.replace(image_world, encoder=encoder, terrain=terrain, value=value)
    update = compiled(CONFIG, world.model)
    state = init_state(CONFIG, world.start())
    for seed in range(3):
        batch = world.judge(state.params, world.act(state.params, seed=seed))
        state, metrics = update(state, batch, KEY)
        assert metrics["first_ratio_deviation"] < 1e-5
        assert metrics["ratio_deviation"] > 1e-3


@pytest.mark.parametrize("estimator", ["grpo", "rloo", "reinforce++"])
def test_estimators_without_a_value_function_learn_none(codes_world, estimator):
    world = dataclasses.replace(codes_world, value="none")
    config = dataclasses.replace(CONFIG, estimator=estimator)
    params = world.start()
    assert params["value"] == {}
    batch = world.judge(params, world.act(params, seed=0))
    assert not jnp.any(batch.value)
    state, metrics = compiled(config, world.model)(init_state(config, params), batch, KEY)
    assert metrics["value_loss"] == 0.0
    assert metrics["first_ratio_deviation"] < 1e-5
    moved = jax.tree.map(lambda new, old: jnp.any(new != old), state.params["lm"], world.lm)
    assert all(jax.tree.leaves(moved))


def test_the_price_of_divergence_follows_its_target(codes_world, batch):
    config = dataclasses.replace(CONFIG, kl_target=1e-4, kl_horizon=128)
    state = init_state(config, codes_world.start())
    state, metrics = compiled(config, codes_world.model)(state, batch, KEY)
    assert metrics["kl_coefficient"] == pytest.approx(CONFIG.kl_coefficient)
    # 64 programs, far from the target: half of a fifth.
    sign = 1.0 if metrics["program_kl"] > 1e-4 else -1.0
    assert state.kl_coefficient == pytest.approx(CONFIG.kl_coefficient * (1.0 + sign * 0.1))


def test_what_stands_behind_the_end_changes_nothing(codes_world, update, batch):
    real = jnp.arange(batch.rollout.tokens.shape[1]) < batch.rollout.length[:, None]
    assert not jnp.all(real)
    rollout = batch.rollout.replace(
        tokens=jnp.where(real, batch.rollout.tokens, 8),
        log_prob=jnp.where(real, batch.rollout.log_prob, jnp.nan),
    )
    soiled = batch.replace(
        rollout=rollout,
        value=jnp.where(real, batch.value, jnp.inf),
        reference_log_prob=jnp.where(real, batch.reference_log_prob, jnp.nan),
    )
    clean = update(init_state(CONFIG, codes_world.start()), batch, KEY)
    dirty = update(init_state(CONFIG, codes_world.start()), soiled, KEY)
    assert_equal(clean, dirty)


def test_target_kl_ends_the_update(codes_world, batch):
    config = PPOConfig(minibatches=2, learning_rate=3e-2, target_kl=1e-6)
    update = compiled(config, codes_world.model)
    state, metrics = update(init_state(config, codes_world.start()), batch, KEY)
    # The first minibatch is read by the sampling policy itself; the second is already beyond.
    assert metrics["applied"] == 1
    assert metrics["stopped"] == 1
    assert metrics["skipped"] == 0
    counts = [
        leaf for leaf in jax.tree.leaves(state.optimizer) if jnp.issubdtype(leaf.dtype, jnp.integer)
    ]
    assert counts
    assert all(count == 1 for count in counts)


def test_a_reward_that_is_not_finite_is_skipped_and_counted(codes_world, update, batch):
    before, _ = update(init_state(CONFIG, codes_world.start()), batch, KEY)
    kept = jax.tree.map(jnp.copy, before)
    spoiled = batch.replace(reward=batch.reward.at[3].set(jnp.nan))
    after, metrics = update(before, spoiled, KEY)
    assert metrics["skipped"] == CONFIG.epochs * CONFIG.minibatches
    assert metrics["applied"] == 0
    assert after.skipped == kept.skipped + CONFIG.epochs * CONFIG.minibatches
    assert_equal(
        (after.params, after.optimizer, after.reward_scale),
        (kept.params, kept.optimizer, kept.reward_scale),
    )
    _, recovered = update(after, batch, KEY)
    assert recovered["applied"] == CONFIG.epochs * CONFIG.minibatches


def test_updates_of_one_shape_compile_once(codes_world, update, batch):
    state = init_state(CONFIG, codes_world.start())
    for step in range(3):
        state, _ = update(state, batch, jax.random.key(step))
    assert update._cache_size() == 1


def test_rewards_must_be_floats_and_batches_divisible(codes_world, update, batch):
    state = init_state(CONFIG, codes_world.start())
    with pytest.raises(TypeError, match="reward must be of floats, got int32"):
        update(state, batch.replace(reward=batch.reward.astype(jnp.int32)), KEY)
    uneven = compiled(PPOConfig(minibatches=5), codes_world.model)
    with pytest.raises(ValueError, match=r"multiple of minibatches \(5\), got 64"):
        uneven(init_state(CONFIG, codes_world.start()), batch, KEY)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"discount": 1.5}, r"discount must lie in \[0, 1\], got 1.5"),
        ({"clip": 0.0}, "clip must be positive, got 0.0"),
        ({"reward_scale": -1.0}, "reward_scale must be positive or None, got -1.0"),
        ({"kl_target": 0.0}, "kl_target must be positive or None, got 0.0"),
        ({"entropy_bounds": (2.0, 1.0)}, r"the first below the second, got \(2.0, 1.0\)"),
    ],
)
def test_bad_values_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        PPOConfig(**change)
