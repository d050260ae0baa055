"""The PPO update on the devices of a mesh: what lies where, and the program that is compiled."""

from __future__ import annotations

from dataclasses import replace

import jax
from jax import Array

from elmjax.dist.placement import Placement
from elmjax.lm.decoder import Params, abstract_params
from elmjax.lm.split import parameter_shardings
from elmjax.rl.config import PPOConfig
from elmjax.rl.policy import PolicyConfig, init_policy
from elmjax.rl.ppo import PPOState, Update, init_state, make_update
from elmjax.rl.rollout import Batch, Rollout


def state_shardings(placement: Placement, config: PPOConfig, policy: PolicyConfig) -> PPOState:
    """Where the arrays of a state lie: policy, value and moments as parameters of a decoder do.

    Raises:
        ValueError: where the mesh does not suit the decoder.
    """

    def start(params: Params, key: Array) -> PPOState:
        return init_state(config, init_policy(params, policy, key))

    shapes = jax.eval_shape(start, abstract_params(policy.decoder), jax.random.key(0))
    return parameter_shardings(placement, policy.decoder, shapes)


def rollout_shardings(placement: Placement, rollout: Rollout) -> Rollout:
    """Where a rollout lies, of arrays or of their shapes: by episode; all have all terrains."""
    rows = placement.rows_of(rollout.length.shape[0])
    return replace(jax.tree.map(lambda _: rows, rollout), terrain=placement.everywhere)


def batch_shardings(placement: Placement, batch: Batch) -> Batch:
    """Where a batch lies, of arrays or of their shapes."""
    rows = placement.rows_of(batch.reward.shape[0])
    rollout = rollout_shardings(placement, batch.rollout)
    return Batch(rollout=rollout, value=rows, reference_log_prob=rows, reward=rows)  # type: ignore[arg-type]


def jitted_update(placement: Placement, config: PPOConfig, policy: PolicyConfig) -> Update:
    """The update under `jit`: of a state that is donated, whose arrays stay where they lie."""
    after = (state_shardings(placement, config, policy), placement.everywhere)
    update = make_update(config, policy, placement.spread)
    return jax.jit(update, donate_argnums=0, out_shardings=after)
