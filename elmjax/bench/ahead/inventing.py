"""Programs of stage 3: terrain encoder, sampling behind its prefix, log-probabilities, PPO."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NoReturn, Self

import jax
import numpy as np

from elmjax.bench.ahead.program import Program, Target, laid, size_of
from elmjax.bench.ahead.writing import draws, samples
from elmjax.lm.split import parameter_shardings, reading_shardings
from elmjax.lm.store import LanguageModel
from elmjax.programs import Engine
from elmjax.rl import placed
from elmjax.rl.policy import init_policy, language_model
from elmjax.rl.ppo import PPOState, init_state, make_optimizer
from elmjax.rl.rollout import Batch, Rollout
from elmjax.stages import bootstrap
from elmjax.stages.encoders import encoder_weights
from elmjax.stages.inventor import (
    Inventor,
    assemble_inventor,
    encode_terrains,
    judge,
    policy_sampler,
    shares,
)
from elmjax.stages.run import make_evaluator


class _NoEngine:
    """Runs no program: none is written."""

    def run(self, programs: Sequence[str]) -> NoReturn:
        raise AssertionError("a program was to be run while programs are compiled")

    run_fresh = run

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *told: object) -> None:
        return None


def inventions(target: Target, base: LanguageModel) -> Iterator[Program]:
    """What stage 3 compiles where the host leads it.

    Args:
        target: Whose.
        base: Model of stage 2 with abstract parameters that lie as they are read.
    """
    config = target.config
    inventor = _inventor(target, base)
    where = placed.state_shardings(target.placement, inventor.config.ppo, inventor.policy)
    state = laid(jax.eval_shape(partial(_state, inventor), base.params), where)
    yield _encoder(target, inventor, state)
    yield from _sampling(target, inventor, state)
    index, children = shares(config.conditional, 0)
    rollout = _rollout(inventor, np.repeat(index, children))
    yield from _learning(target, inventor, state, rollout)
    if config.conditional.bootstrap.steps > 0:
        yield _bootstrap(target, inventor, state)


def _inventor(target: Target, base: LanguageModel) -> Inventor:
    engine: Engine = _NoEngine()
    config, section = target.config, target.config.conditional
    evaluator = make_evaluator(config, engine, (*section.terrains, *section.unseen))
    return assemble_inventor(config, base, evaluator, target.placement)


def _state(inventor: Inventor, params: object) -> PPOState:
    key = jax.random.key(0)
    encoder = encoder_weights(inventor.config, inventor.policy.encoder, key)
    policy = init_policy(params, inventor.policy, key, encoder)  # type: ignore[arg-type]
    return init_state(inventor.config.ppo, policy)


def _encoder(target: Target, inventor: Inventor, state: PPOState) -> Program:
    used = size_of(state.params["encoder"]) + size_of(state.params["blank"])
    return Program(
        stage=target.stage,
        name=f"terrain encoder, {inventor.config.encoder}",
        shape=f"{len(inventor.names)} terrains",
        devices=target.placement.size,
        lower=partial(
            encode_terrains.lower,
            state.params,
            inventor.policy,
            target.whole(inventor.terrain),
        ),
        beside=size_of(state) + size_of(inventor.base.params) - used,
    )


def _sampling(target: Target, inventor: Inventor, state: PPOState) -> Iterator[Program]:
    """Of an iteration, and of the trained policy and the stage 2 model at the end."""
    config, encoded = inventor.config, inventor.policy.encoder
    prompts, children = len(shares(config, 0)[0]), shares(config, 0)[1]
    written_by = language_model(state.params, inventor.policy, inventor.base.params)
    written_by = laid(written_by, reading_shardings(target.placement, inventor.policy.decoder))
    kept = size_of(state) - size_of(state.params["lm"]) + size_of(inventor.base.params)
    for name, count, each in (
        ("sampling", prompts, children),
        ("sampling, evaluation", len(inventor.names), config.evaluation_samples),
    ):
        prompt, sampler = policy_sampler(inventor, each)
        prefix = np.zeros((count, encoded.slots, encoded.width), np.float32)
        yield draws(
            target,
            name,
            sampler,
            written_by,
            [prompt] * count,
            prefix=prefix,
            beside=kept,
        )
    yield samples(
        target,
        "sampling, stage 2 model",
        inventor.base,
        config.evaluation_samples,
        max_new_tokens=config.max_new_tokens,
        beside=size_of(state),
    )


def _rollout(inventor: Inventor, index: np.ndarray) -> Rollout:
    """Episodes as long as any, by the terrain of each."""
    longest = [0] * inventor.config.max_new_tokens
    return bootstrap.as_rollout(inventor, [(int(i), longest) for i in index])


def _learning(
    target: Target, inventor: Inventor, state: PPOState, rollout: Rollout
) -> Iterator[Program]:
    placement, config = target.placement, inventor.config
    time = rollout.tokens.shape[1]
    yield Program(
        stage=target.stage,
        name="log-probabilities and values",
        shape=f"{config.batch} x {time} tokens",
        devices=target.placement.size,
        lower=partial(
            judge.lower,
            state.params,
            inventor.base.params,
            inventor.policy,
            laid(rollout, placed.rollout_shardings(placement, rollout)),
            np.float32(config.ppo.temperature),
        ),
        beside=size_of(state) - size_of(state.params),
    )
    batch = Batch(
        rollout=rollout,
        value=rollout.log_prob,
        reference_log_prob=rollout.log_prob,
        reward=rollout.log_prob[:, 0],
    )
    update: Any = placed.jitted_update(placement, config.ppo, inventor.policy)
    yield Program(
        stage=target.stage,
        name="PPO update",
        shape=f"{config.batch} x {time} tokens, {config.ppo.minibatches} minibatches",
        devices=target.placement.size,
        lower=partial(
            update.lower,
            state,
            laid(batch, placed.batch_shardings(placement, batch)),
            target.whole(jax.random.key(0)),
            inventor.base.params,
        ),
        # Adapters read the weights that they stand beside; else these are kept for the next judge.
        beside=0 if inventor.policy.decoder.lora else size_of(inventor.base.params),
    )


def _bootstrap(target: Target, inventor: Inventor, state: PPOState) -> Program:
    section = inventor.config.bootstrap
    known = section.programs * len(inventor.config.terrains)
    rows = _rollout(inventor, np.zeros(min(section.rows, known), np.int32))
    moments = jax.eval_shape(make_optimizer(inventor.config.ppo).init, state.params)
    moments = laid(moments, parameter_shardings(target.placement, inventor.policy.decoder, moments))
    return Program(
        stage=target.stage,
        name="bootstrap step",
        shape=f"{len(rows.tokens)} x {rows.tokens.shape[1]} tokens",
        devices=target.placement.size,
        lower=partial(
            bootstrap.compile_step(inventor).lower,
            (state.params, moments),
            laid(rows, placed.rollout_shardings(target.placement, rows)),
            inventor.base.params,
        ),
        beside=size_of(inventor.base.params) + size_of(state),
    )
