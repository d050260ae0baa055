"""Stage 3: a terrain encoder conditions the stage 2 model, PPO trains both (paper, section 7).

An episode is a program: the model reads the terrain's prefix, writes a walker, and is rewarded
with the distance it walks on that terrain. Terrains share the batch equally.
"""

import math
import time
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from elmjax.checkpoint import Checkpoints
from elmjax.config import Conditional, ConfigError
from elmjax.dist import hosts
from elmjax.lm import store
from elmjax.lm.lora.peft import save_adapters
from elmjax.lm.work import TRAINING, operations_per_token
from elmjax.report.statistics import difference_interval, mean_interval
from elmjax.rl import placed
from elmjax.rl.policy import PolicyParams, init_policy, language_model
from elmjax.rl.ppo import Metrics, PPOState, init_state
from elmjax.rl.rollout import Batch
from elmjax.stages import bootstrap, finetune, fused, models, stopping, transfer
from elmjax.stages.encoders import encoder_weights
from elmjax.stages.inventor import (
    Inventor,
    judge,
    make_inventor,
    pay,
    rewards,
    roll_out,
    shares,
)
from elmjax.stages.limits import fitting, refuse_endless
from elmjax.stages.run import Run
from elmjax.stages.samples import Sample, sample_programs
from elmjax.stages.throughput import throughput

STAGE = "conditional"


class Trainer:
    """Iterations of one run; what they compile is compiled once."""

    def __init__(self, run: Run, inventor: Inventor) -> None:
        self.run, self.inventor = run, inventor
        self._idle = 0  # iterations in a row that learned nothing, their gradients not being finite
        config = inventor.config
        if config.loop == "callback":
            _, children = shares(config, 0)
            self._fused = fused.make_iteration(inventor, children)
        else:
            self._update = placed.jitted_update(inventor.placement, config.ppo, inventor.policy)

    def iterate(self, state: PPOState, iteration: int) -> tuple[PPOState, dict[str, Any]]:
        """Samples a batch, pays it and updates the policy."""
        config, began = self.inventor.config, time.monotonic()
        index, children = shares(config, self.run.seed(f"{STAGE}/terrains", iteration))
        lead = self._by_callback if config.loop == "callback" else self._by_host
        with fitting(f"{STAGE}.batch, or raise {STAGE}.ppo.minibatches"):
            state, metrics, samples, seconds = lead(state, iteration, index, children)
        idle = float(metrics["skipped"]) > 0 and float(metrics["applied"]) == 0
        self._idle = self._idle + 1 if idle else 0
        refuse_endless(STAGE, self._idle, f"{STAGE}.ppo.learning_rate")
        asked = [self.inventor.names[i] for i in np.repeat(index, children)]
        numbers = {name: float(number) for name, number in metrics.items()}
        described = self._describe(samples, asked)
        whole = time.monotonic() - began
        return state, {
            **numbers,
            **described,
            **seconds,
            "iteration_seconds": whole,
            **self._throughput(numbers["length"], seconds, whole),
        }

    def _throughput(self, length: float, seconds: dict[str, float], whole: float) -> dict[str, Any]:
        """Tokens are those sampled, which policy and reference read and PPO learns from."""
        config, devices = self.inventor.config, self.inventor.placement.size
        tokens = round(length * config.batch)
        passes = 1 + 2 + TRAINING * config.ppo.epochs
        sampling = seconds.get("sampling_seconds", whole)
        return throughput(
            seconds=whole,
            device_seconds=devices * (sampling + seconds.get("update_seconds", 0.0)),
            tokens=tokens,
            token_seconds=sampling,
            evaluations=config.batch,
            operations=passes * tokens * operations_per_token(self.inventor.policy.decoder),
        )

    def _by_host(
        self, state: PPOState, iteration: int, index: np.ndarray, children: int
    ) -> tuple[PPOState, Metrics, list[Sample], dict[str, float]]:
        inventor, began = self.inventor, time.monotonic()
        seed = self.run.seed(f"{STAGE}/samples", iteration)
        rollout, written = roll_out(inventor, state.params, index, children, seed)
        # Dispatched before the programs run, so that the device works while the jail does.
        value, reference = judge(
            state.params,
            inventor.base.params,
            inventor.policy,
            rollout,
            inventor.config.ppo.temperature,
        )
        sampled = time.monotonic()
        places = [inventor.names[i] for i in np.repeat(index, children)]
        samples = pay(inventor, written, places)
        paid = time.monotonic()
        batch = Batch(
            rollout=rollout,
            value=value,
            reference_log_prob=reference,
            reward=jnp.asarray(rewards(inventor, samples)),
        )
        batch = inventor.placement.put(batch, placed.batch_shardings(inventor.placement, batch))
        key = inventor.placement.put(self._update_key(iteration), inventor.placement.everywhere)
        state, metrics = self._update(state, batch, key, inventor.base.params)
        jax.block_until_ready(metrics)
        seconds = {
            "sampling_seconds": sampled - began,
            "evaluation_seconds": paid - sampled,
            "update_seconds": time.monotonic() - paid,
        }
        return state, metrics, samples, seconds

    def _by_callback(
        self, state: PPOState, iteration: int, index: np.ndarray, children: int
    ) -> tuple[PPOState, Metrics, list[Sample], dict[str, float]]:
        key = jax.random.key(self.run.seed(f"{STAGE}/samples", iteration))
        state, metrics, samples = self._fused(state, index, key, self._update_key(iteration))
        return state, metrics, samples, {}

    def _update_key(self, iteration: int) -> jax.Array:
        return jax.random.key(self.run.seed(f"{STAGE}/update", iteration))

    def _describe(self, samples: list[Sample], asked: list[str]) -> dict[str, float]:
        """Rewards by terrain, and whether the policy collapses."""
        inventor, programs = self.inventor, [sample.program for sample in samples]
        hits = inventor.evaluator.hit_rates()
        places = inventor.config.terrains
        elsewhere = transfer.walk_everywhere(inventor, programs, asked, places)
        inventor.evaluator.hit_rates()  # walks for the record only are not counted
        return {
            **_by_terrain(places, asked, rewards(inventor, samples)),
            "valid": float(np.mean([sample.is_valid for sample in samples])),
            **hits,
            "unique": len(set(programs)) / len(programs),
            "conditionality": transfer.conditionality(elsewhere),
        }


def conditional(run: Run) -> dict[str, Any]:
    """Runs or resumes stage 3 on the model of stage 2.

    Returns:
        The summary that is also written to the stage's folder; see `summarise`.
    """
    if (done := run.summary(STAGE)) is not None:
        return done
    config = run.config.conditional
    with (
        Checkpoints(run.folder / STAGE / "checkpoints", best="reward") as checkpoints,
        run.pool() as pool,
    ):
        inventor = make_inventor(run, run.evaluator(pool, (*config.terrains, *config.unseen)))
        state, start = _start_or_resume(run, inventor, checkpoints)
        trainer = Trainer(run, inventor)
        with run.progress(STAGE, config.iterations, completed=start) as progress:
            for iteration in range(start, config.iterations):
                state, numbers = trainer.iterate(state, iteration)
                checkpoints.wait()  # so that a kill costs no iteration but this one
                run.metrics.write(STAGE, iteration, numbers)
                shown = ("reward", "valid", "conditionality", "unique")
                progress.advance(1, **{name: numbers[name] for name in shown})
                last = iteration + 1 == config.iterations
                stop = stopping.is_asked()
                if last or stop or (iteration + 1) % config.checkpoint_every == 0:
                    metrics = {"reward": numbers["reward"]}
                    checkpoints.save(iteration + 1, state, metrics=metrics)
                if stop:
                    raise stopping.StoppedError
        samples, walked = _before_and_after(run, inventor, state.params)
        known = _best_of_dataset(run, inventor)
    _save_model(run, inventor, state.params)
    hosts.once(lambda: samples.to_parquet(run.folder / STAGE / "samples.parquet"))
    hosts.once(lambda: walked.to_parquet(run.folder / STAGE / "transfer.parquet"))
    return run.finish(STAGE, summarise(samples, walked, known))


def load_policy(run: Run, inventor: Inventor) -> PolicyParams:
    """The policy at the end of a finished stage 3.

    Raises:
        ConfigError: Stage 3 has not finished.
    """
    if run.summary(STAGE) is None:
        raise ConfigError(
            f"--run: {run.folder} has no finished stage 3, wanted one; run elmjax conditional first"
        )
    with Checkpoints(run.folder / STAGE / "checkpoints") as checkpoints:
        params = checkpoints.restore(_fresh(run, inventor)).state.params
    return inventor.placement.put(params, _shardings(inventor).params)


def check_batch(config: Conditional) -> None:
    """Refuses a batch that terrains or minibatches do not divide.

    Raises:
        ConfigError: naming a batch that would do.
    """
    unit = math.lcm(len(config.terrains), config.ppo.minibatches)
    if config.batch % unit:
        raise ConfigError(
            f"conditional.batch: got {config.batch}, wanted a multiple of {unit}, so that "
            f"{len(config.terrains)} terrains and {config.ppo.minibatches} minibatches share it "
            f"equally, such as {unit * math.ceil(config.batch / unit)}"
        )


def check_columns(config: Conditional) -> None:
    """Refuses terrains that would share a column of the metrics log.

    Raises:
        ConfigError: naming the column.
    """
    # The name that `Update` gives to the scale of all rewards.
    columns = ["reward_scale", *(column for name in config.terrains for column in _columns(name))]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise ConfigError(
            f"conditional.terrains: got {list(config.terrains)}, which take the column "
            f"{twice[0]!r} of the metrics log twice; wanted other names"
        )


def summarise(
    samples: pd.DataFrame, walked: pd.DataFrame, known: dict[str, float]
) -> dict[str, Any]:
    """What stage 3 reached on every terrain, trained on or unseen.

    Args:
        samples: `time`, `terrain` and `reward` of samples before and after.
        walked: Of the samples after, as `transfer.walk_everywhere` gives it.
        known: Best of as many programs of the dataset, m, by terrain.

    Returns:
        By terrain, in m: `before` (the stage 2 model, which sees no terrain), `after` and `change`,
        mean rewards as [mean, low, high], 95 % intervals; `best_of_stage_2` and
        `best_of_dataset`; and what `transfer.summarise` tells.
    """
    summary = {}
    for terrain in samples["terrain"].unique():
        of_terrain = samples[samples["terrain"] == terrain]
        before = of_terrain.loc[of_terrain["time"] == "before", "reward"]
        after = of_terrain.loc[of_terrain["time"] == "after", "reward"]
        summary[terrain] = {
            "before": list(mean_interval(before)),
            "after": list(mean_interval(after)),
            "change": list(difference_interval(after, before)),
            "best_of_stage_2": float(before.max()),
            "best_of_dataset": known[terrain],
            **transfer.summarise(walked, terrain),
        }
    return summary


def _start_or_resume(
    run: Run, inventor: Inventor, checkpoints: Checkpoints
) -> tuple[PPOState, int]:
    state, iteration = _fresh(run, inventor), 0
    if (restored := checkpoints.recover(state)) is not None:
        iteration, state = restored.step, restored.state
    state = inventor.placement.put(state, _shardings(inventor))
    if iteration == 0 and run.config.conditional.bootstrap.steps > 0:
        programs = finetune.load_dataset(run).train["program"].tolist()
        seed = run.seed(f"{STAGE}/bootstrap")
        params = bootstrap.learn(inventor, state.params, programs, seed)
        state = init_state(inventor.config.ppo, params)
        state = inventor.placement.put(state, _shardings(inventor))
    run.metrics.truncate(STAGE, iteration)
    return state, iteration


def _shardings(inventor: Inventor) -> PPOState:
    return placed.state_shardings(inventor.placement, inventor.config.ppo, inventor.policy)


def _fresh(run: Run, inventor: Inventor) -> PPOState:
    """The state before the first iteration."""
    key = jax.random.key(run.seed(f"{STAGE}/init"))
    encoder = encoder_weights(inventor.config, inventor.policy.encoder, key)
    params = init_policy(inventor.base.params, inventor.policy, key, encoder)
    return init_state(inventor.config.ppo, params)


def _by_terrain(
    terrains: tuple[str, ...], asked: list[str], reward: np.ndarray
) -> dict[str, float]:
    """Mean reward and its 95 % interval on every terrain that was asked for."""
    numbers: dict[str, float] = {}
    for name in terrains:
        of_terrain = reward[np.array(asked) == name]
        if len(of_terrain):
            numbers |= dict(zip(_columns(name), mean_interval(of_terrain), strict=True))
    return numbers


def _columns(terrain: str) -> tuple[str, str, str]:
    """Columns of the metrics log for a terrain's mean reward and its interval."""
    return f"reward_{terrain}", f"reward_{terrain}_low", f"reward_{terrain}_high"


def _before_and_after(
    run: Run, inventor: Inventor, params: PolicyParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Samples of the stage 2 model and of the trained policy, and where the latter walk to."""
    config, names = inventor.config, inventor.names
    count = config.evaluation_samples
    before = [
        text
        for i, _ in enumerate(names)
        for text in sample_programs(
            inventor.base,
            count,
            max_new_tokens=config.max_new_tokens,
            temperature=config.ppo.temperature,
            blanks=config.slots,
            seed=run.seed(f"{STAGE}/before", i),
        )
    ]
    index = np.arange(len(names), dtype=np.int32)
    _, after = roll_out(inventor, params, index, count, run.seed(f"{STAGE}/after"))
    asked = np.repeat(names, count).tolist()
    rows = [
        {
            "time": moment,
            "terrain": name,
            "program": sample.program,
            "outcome": str(sample.evaluation.verdict),
            "reward": sample.reward(config.invalid_reward),
            "displacement": sample.evaluation.displacement,
        }
        for moment, written in (("before", before), ("after", after))
        for name, sample in zip(asked, pay(inventor, written, asked), strict=True)
    ]
    return pd.DataFrame(rows), transfer.walk_everywhere(inventor, after, asked, names)


def _best_of_dataset(run: Run, inventor: Inventor) -> dict[str, float]:
    """The best of as many programs of the dataset as are sampled, by terrain, m."""
    programs = finetune.load_dataset(run).train["program"].tolist()
    rng = np.random.default_rng(run.seed(f"{STAGE}/dataset"))
    count = min(len(programs), inventor.config.evaluation_samples)
    drawn = [programs[i] for i in rng.choice(len(programs), count, replace=False)]
    return {
        name: float(rewards(inventor, pay(inventor, drawn, [name] * count)).max())
        for name in inventor.names
    }


def _save_model(run: Run, inventor: Inventor, params: PolicyParams) -> None:
    """The language model in Hugging Face layout; encoder and value stand in the checkpoint."""
    shape = replace(inventor.policy.decoder, recompute=False)
    lm = language_model(params, inventor.policy, inventor.base.params)
    model = models.on_host(replace(inventor.base, params=lm, config=shape))

    def write() -> None:
        store.save(run.folder / STAGE / "model", model)
        if shape.lora is not None:
            stage_2 = finetune.model_of(run).resolve()
            save_adapters(run.folder / STAGE / "adapter", model, str(stage_2))

    hosts.once(write)
