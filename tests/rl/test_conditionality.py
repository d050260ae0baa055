"""End to end on a bandit: each of two terrains rewards another first token."""

import jax
import jax.numpy as jnp

from elmjax.rl.config import PPOConfig
from elmjax.rl.ppo import init_state, make_update

CONFIG = PPOConfig(
    minibatches=2,
    learning_rate=3e-3,
    head_learning_rate=1e-2,
    kl_coefficient=0.01,
    target_kl=None,
)


def test_the_terrain_decides_what_is_written(world):
    update = jax.jit(make_update(CONFIG, world.model), donate_argnums=0)
    state = init_state(CONFIG, world.start())
    for step in range(30):
        batch = world.judge(state.params, world.act(state.params, seed=step))
        if step == 0:
            untrained = jnp.mean(batch.reward)
        state, metrics = update(state, batch, jax.random.key(step))
        assert metrics["first_ratio_deviation"] < 1e-5
    rollout = world.act(state.params, seed=1000)
    rewards = world.judge(state.params, rollout).reward.reshape(2, -1).mean(axis=1)
    assert untrained < 0.5
    assert jnp.all(rewards > 0.8), rewards
    # The same programs shown the other terrain: a policy that ignores its prefix would keep them.
    crossed = rollout.replace(terrain_index=1 - rollout.terrain_index)
    assert jnp.mean(world.judge(state.params, crossed).reward) < 0.2
    for path, leaf in jax.tree_util.tree_leaves_with_path(state.params["encoder"]):
        assert jnp.all(jnp.isfinite(leaf)), path
