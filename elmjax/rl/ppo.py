"""Proximal policy optimisation of the conditional inventor: epochs of minibatches as one function.

Schulman et al. 2017, https://arxiv.org/abs/1707.06347. The paper says "PPO with default
hyperparameters" and that a KL term to the stage 2 model belongs to the reward; the values here are
the usual ones for language models.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import flax.struct
import jax
import jax.numpy as jnp
import optax
from jax import Array

from elmjax.lm.decoder import Params
from elmjax.rl import losses
from elmjax.rl.advantage import estimate_advantage
from elmjax.rl.config import PPOConfig
from elmjax.rl.episode import RewardScale, token_mask, token_rewards
from elmjax.rl.penalty import adapt
from elmjax.rl.policy import PolicyConfig, PolicyParams, read
from elmjax.rl.rollout import Batch, Rollout, Spread, take_rows

Metrics = dict[str, Array]
# What each minibatch records.
_RECORDED = (
    *("loss", "policy_loss", "value_loss", "entropy", "gradient_norm"),
    *("ratio", "ratio_deviation", "clip_fraction", "kl", "applied", "skipped"),
)


class Update(Protocol):
    """One update; `frozen` is what adapters stand beside, and is neither donated nor changed."""

    def __call__(
        self, state: PPOState, batch: Batch, key: Array, frozen: Params | None = None, /
    ) -> tuple[PPOState, Metrics]:
        """Gives the state after the update, and what was seen on the way."""


@flax.struct.dataclass
class PPOState:
    """Everything that an update changes; it is donated to the update."""

    params: PolicyParams
    optimizer: optax.OptState
    reward_scale: RewardScale
    kl_coefficient: Array  # [] float32, deviations of the reward per nat
    skipped: Array  # int32, minibatches refused so far because loss or gradient was not finite


@flax.struct.dataclass
class _Experience:
    """A batch made ready for the surrogate objective."""

    rollout: Rollout
    value: Array  # [batch, time] float32, before the update
    advantage: Array  # [batch, time] float32
    target: Array  # [batch, time] float32, returns


@flax.struct.dataclass
class _Progress:
    """What passes from minibatch to minibatch."""

    params: PolicyParams
    optimizer: optax.OptState
    stopped: Array  # bool, the target KL has been exceeded


def init_state(config: PPOConfig, params: PolicyParams) -> PPOState:
    """State before the first update."""
    return PPOState(
        params=params,
        optimizer=make_optimizer(config).init(params),
        reward_scale=RewardScale.start(),
        kl_coefficient=jnp.asarray(config.kl_coefficient, jnp.float32),
        skipped=jnp.zeros((), jnp.int32),
    )


def make_update(
    config: PPOConfig, model: PolicyConfig, spread: Spread = lambda rows: rows
) -> Update:
    """One PPO update.

    Args:
        config: Of the update.
        model: Shape of the policy.
        spread: What is done to the arrays of a minibatch, which lead with its rows, before they
            are read: to spread them over devices.

    Returns:
        A pure function; compile it with the state donated. Metrics are float32 scalars, means over
        the minibatches that were applied. It raises ValueError if the minibatches do not divide
        the batch and TypeError if rewards are not floats.
    """

    def update(
        state: PPOState, batch: Batch, key: Array, frozen: Params | None = None
    ) -> tuple[PPOState, Metrics]:
        _check_batch(config, batch)
        reward_scale = state.reward_scale.include(batch.reward)
        experience, episode_metrics = _prepare(config, batch, reward_scale, state.kl_coefficient)
        objective = partial(_objective, config, model, frozen)
        learn = partial(_learn, config, objective, partial(_minibatch, experience, spread))

        def minibatch(progress: _Progress, rows: Array) -> tuple[_Progress, Metrics]:
            return jax.lax.cond(progress.stopped, _pass_over, learn, progress, rows)

        start = _Progress(state.params, state.optimizer, jnp.zeros((), bool))
        end, records = jax.lax.scan(
            minibatch, start, _minibatch_rows(config, batch.reward.shape[0], key)
        )
        skipped = state.skipped + jnp.sum(records["skipped"]).astype(jnp.int32)
        rows = batch.reward.shape[0]
        coefficient = adapt(config, state.kl_coefficient, episode_metrics["program_kl"], rows)
        state = PPOState(end.params, end.optimizer, reward_scale, coefficient, skipped)
        return state, episode_metrics | _summarise(records, end.stopped)

    return update


def _check_batch(config: PPOConfig, batch: Batch) -> None:
    """Refuses what shapes and types already show to be wrong, while tracing."""
    rows = batch.reward.shape[0]
    if rows % config.minibatches != 0:
        raise ValueError(
            f"the batch must be a multiple of minibatches ({config.minibatches}), got {rows}"
        )
    # Rewards kept as integers have lost every fraction, which on hard terrain is all there is.
    if not jnp.issubdtype(batch.reward.dtype, jnp.floating):
        raise TypeError(f"reward must be of floats, got {batch.reward.dtype}")


def _prepare(
    config: PPOConfig, batch: Batch, reward_scale: RewardScale, kl_coefficient: Array
) -> tuple[_Experience, Metrics]:
    """Rewards per token, advantages and returns of a batch."""
    rollout = batch.rollout
    mask = token_mask(rollout.length, rollout.tokens.shape[1])
    scale = reward_scale.deviation if config.reward_scale is None else config.reward_scale
    reward = token_rewards(
        batch.reward / scale,
        rollout.length,
        rollout.log_prob,
        batch.reference_log_prob,
        kl_coefficient,
    )
    advantage, target = estimate_advantage(config, rollout, reward, batch.value)
    unexplained = jnp.var(target - batch.value, where=mask)
    metrics = {
        "reward": jnp.mean(batch.reward),
        "reward_scale": jnp.asarray(scale, jnp.float32),
        "return": jnp.mean(jnp.sum(reward, axis=1)),
        "length": jnp.mean(rollout.length.astype(jnp.float32)),
        "kl_coefficient": kl_coefficient,
        "program_kl": jnp.mean(
            jnp.sum(jnp.where(mask, rollout.log_prob - batch.reference_log_prob, 0.0), axis=1)
        ),
        "reference_kl": losses.kl_k1(rollout.log_prob, batch.reference_log_prob, mask),
        "explained_variance": 1.0 - unexplained / (jnp.var(target, where=mask) + 1e-8),
    }
    return _Experience(rollout, batch.value, advantage, target), metrics


def _pass_over(progress: _Progress, rows: Array) -> tuple[_Progress, Metrics]:
    """What happens to a minibatch after the target KL has been exceeded: nothing."""
    del rows
    return progress, {name: jnp.zeros((), jnp.float32) for name in _RECORDED}


def _minibatch(experience: _Experience, spread: Spread, rows: Array) -> _Experience:
    """Some episodes, where they are worked on."""
    return _Experience(
        rollout=take_rows(experience.rollout, rows, spread),
        value=spread(experience.value[rows]),
        advantage=spread(experience.advantage[rows]),
        target=spread(experience.target[rows]),
    )


def _learn(
    config: PPOConfig,
    objective: Callable[[_Experience, PolicyParams], tuple[Array, Metrics]],
    take: Callable[[Array], _Experience],
    progress: _Progress,
    rows: Array,
) -> tuple[_Progress, Metrics]:
    """Takes one gradient step on a minibatch, unless it is not finite or beyond the target KL."""
    objective = partial(objective, take(rows))
    gradient, metrics = jax.grad(objective, has_aux=True)(progress.params)
    norm = optax.tree.norm(gradient)
    finite = jnp.isfinite(norm) & jnp.isfinite(metrics["loss"])
    beyond = jnp.zeros((), bool) if config.target_kl is None else metrics["kl"] > config.target_kl
    applied = finite & ~beyond
    change, optimizer_state = make_optimizer(config).update(
        gradient, progress.optimizer, progress.params
    )
    moved = (optax.apply_updates(progress.params, change), optimizer_state)
    # Selecting costs one pass over the parameters; a second `cond` would cost a copy of them.
    params, optimizer_state = jax.tree.map(
        lambda after, before: jnp.where(applied, after, before),
        moved,
        (progress.params, progress.optimizer),
    )
    verdict = {"applied": applied, "skipped": ~finite, "gradient_norm": norm}
    metrics |= {name: jnp.asarray(value, jnp.float32) for name, value in verdict.items()}
    return _Progress(params, optimizer_state, progress.stopped | beyond), metrics


def _objective(
    config: PPOConfig,
    model: PolicyConfig,
    frozen: Params | None,
    minibatch: _Experience,
    params: PolicyParams,
) -> tuple[Array, Metrics]:
    """The scalar that is minimised, and its parts."""
    rollout = minibatch.rollout
    mask = token_mask(rollout.length, rollout.tokens.shape[1])
    reading = read(params, model, rollout, config.temperature, frozen)
    policy = losses.clipped_policy_loss(
        reading.log_prob, rollout.log_prob, minibatch.advantage, mask, config.clip
    )
    value = jnp.zeros(())
    if config.needs_value:
        value = losses.value_loss(
            reading.value, minibatch.value, minibatch.target, mask, config.value_clip
        )
    entropy = losses.entropy_cost(reading.entropy, mask, config.entropy_bounds)
    loss = policy + config.value_coefficient * value + config.entropy_coefficient * entropy
    ratio = losses.ratio_statistics(reading.log_prob, rollout.log_prob, mask, config.clip)
    return loss, {
        "loss": loss,
        "policy_loss": policy,
        "value_loss": value,
        "entropy": losses.token_mean(reading.entropy, mask),
        "ratio": ratio.mean,
        "ratio_deviation": ratio.largest_deviation,
        "clip_fraction": ratio.clip_fraction,
        "kl": ratio.kl,
    }


def _summarise(records: Metrics, stopped: Array) -> Metrics:
    """Reduces per-minibatch records [epochs * minibatches] to scalars."""
    applied = records.pop("applied")
    skipped = records.pop("skipped")
    count = jnp.maximum(jnp.sum(applied), 1.0)
    summary = {
        name: jnp.sum(jnp.where(applied > 0, record, 0.0)) / count
        for name, record in records.items()
    }
    return summary | {
        # Before the first step sampler and trainer are the same policy: anything but rounding
        # here means that they disagree about the distribution.
        "first_ratio_deviation": records["ratio_deviation"][0],
        "applied": jnp.sum(applied),
        "skipped": jnp.sum(skipped),
        "stopped": stopped.astype(jnp.float32),
    }


def _minibatch_rows(config: PPOConfig, batch: int, key: Array) -> Array:
    """Row numbers of every minibatch, a fresh shuffle per epoch: [epochs * minibatches, rows]."""
    shuffle = partial(jax.random.permutation, x=batch)
    order = jax.vmap(shuffle)(jax.random.split(key, config.epochs))
    return order.reshape(config.epochs * config.minibatches, -1)


def make_optimizer(config: PPOConfig) -> optax.GradientTransformation:
    """Adam at one rate for language models and another for what starts from scratch."""

    def part_of(path: jax.tree_util.KeyPath, leaf: Array) -> str:
        del leaf
        names = {key.key for key in path if isinstance(key, jax.tree_util.DictKey)}
        return "lm" if "lm" in names else "fresh"

    rates = {"lm": config.learning_rate, "fresh": config.head_learning_rate}
    return optax.chain(
        optax.clip_by_global_norm(config.max_grad_norm),
        optax.multi_transform(
            {part: optax.adam(rate) for part, rate in rates.items()},
            partial(jax.tree_util.tree_map_with_path, part_of),
        ),
    )
