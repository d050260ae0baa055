"""Stage 3: a terrain encoder conditions the stage 2 model, PPO trains both (paper, section 7).

An episode is a program: the model reads the terrain's prefix, writes a walker, and is rewarded
with the distance it walks on that terrain. Terrains share the batch equally.
"""

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from elmjax.checkpoint import Checkpoints
from elmjax.config import Conditional, Config, ConfigError
from elmjax.evaluate import Evaluator
from elmjax.lm import store
from elmjax.lm.prompt import pad_prompts
from elmjax.lm.store import LanguageModel
from elmjax.lm.terrain_encoder import TerrainEncoderConfig
from elmjax.report.progress import stage_progress
from elmjax.report.statistics import difference_interval, mean_interval
from elmjax.rl.policy import PolicyConfig, evaluate_rollout, init_policy, prefixes
from elmjax.rl.ppo import PPOState, Update, init_state, make_update
from elmjax.rl.rollout import Batch, Rollout, collect, crop
from elmjax.stages import finetune
from elmjax.stages.run import Run, terrain_lines
from elmjax.stages.samples import Sample, evaluate_texts, program_sampler, sample_programs, texts
from physics.raster import terrain_image

STAGE = "conditional"
TIME_BUCKETS = (64, 128, 192, 256, 320, 384, 512)  # tokens an update pads to


@dataclass(frozen=True, kw_only=True)
class Inventor:
    """Everything of stage 3 that does not change while it trains."""

    config: Conditional
    whole: Config  # of the run
    base: LanguageModel  # of stage 2: where the policy starts, and what the KL term holds it to
    policy: PolicyConfig
    terrain: jax.Array  # [terrains] codes or [terrains, height, width] pictures
    evaluator: Evaluator


def conditional(run: Run) -> dict[str, Any]:
    """Runs or resumes stage 3 on the model of stage 2.

    Returns:
        The summary that is also written to the stage's folder: per terrain the mean reward
        before (the stage 2 model, which sees no terrain) and after, with 95 % intervals.
    """
    if (done := run.summary(STAGE)) is not None:
        return done
    config = run.config.conditional
    with (
        Checkpoints(run.folder / STAGE / "checkpoints") as checkpoints,
        run.pool() as pool,
    ):
        inventor = _make_inventor(run, run.evaluator(pool, config.terrains))
        state, start = _start_or_resume(run, inventor, checkpoints)
        update = make_update(config.ppo, inventor.policy)
        with stage_progress(STAGE, config.iterations, completed=start) as progress:
            for iteration in range(start, config.iterations):
                state, numbers = _iterate(run, inventor, update, state, iteration)
                run.metrics.write(STAGE, iteration, numbers)
                progress.advance(1, reward=numbers["reward"], valid=numbers["valid"])
                last = iteration + 1 == config.iterations
                if last or (iteration + 1) % config.checkpoint_every == 0:
                    checkpoints.save(iteration + 1, state)
        samples = _before_and_after(run, inventor, state)
    _save_model(run, inventor, state)
    samples.to_parquet(run.folder / STAGE / "samples.parquet")
    return run.finish(STAGE, summarise(samples, config.terrains))


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


def summarise(samples: pd.DataFrame, terrains: tuple[str, ...]) -> dict[str, Any]:
    """Mean reward by terrain, before, after and the difference, each (mean, low, high) in m."""
    summary = {}
    for terrain in terrains:
        of_terrain = samples[samples["terrain"] == terrain]
        before = of_terrain.loc[of_terrain["time"] == "before", "reward"]
        after = of_terrain.loc[of_terrain["time"] == "after", "reward"]
        summary[terrain] = {
            "before": list(mean_interval(before)),
            "after": list(mean_interval(after)),
            "change": list(difference_interval(after, before)),
        }
    return summary


def _make_inventor(run: Run, evaluator: Evaluator) -> Inventor:
    config = run.config.conditional
    base = finetune.load_model(run)
    if config.encoder == "codes":
        terrain = jnp.arange(len(config.terrains), dtype=jnp.int32)
        encoder = TerrainEncoderConfig(
            kind="codes", width=base.config.width, slots=config.slots, codes=len(config.terrains)
        )
    else:
        encoder = TerrainEncoderConfig(
            kind="image", width=base.config.width, slots=config.slots, image=config.image
        )
        terrain = jnp.asarray(_pictures(run.config))
    policy = PolicyConfig(decoder=base.config, encoder=encoder, blank_token=base.tokenizer.pad)
    return Inventor(
        config=config,
        whole=run.config,
        base=base,
        policy=policy,
        terrain=terrain,
        evaluator=evaluator,
    )


def _pictures(config: Config) -> np.ndarray:
    """Pictures of the terrains, float32 [terrains, height, width], 1 where solid."""
    height, width = config.conditional.image
    return np.stack(
        [
            terrain_image(terrain_lines(config, name), height=height, width=width)
            for name in config.conditional.terrains
        ]
    )


def _start_or_resume(
    run: Run, inventor: Inventor, checkpoints: Checkpoints
) -> tuple[PPOState, int]:
    key = jax.random.key(run.seed(f"{STAGE}/init"))
    params = init_policy(inventor.base.params, inventor.policy, key)
    state = init_state(inventor.config.ppo, params)
    iteration = 0
    if checkpoints.latest() is not None:
        iteration, state, _ = checkpoints.restore(state)
        state = jax.tree.map(jnp.asarray, state)
    run.metrics.truncate(STAGE, iteration)
    return state, iteration


def _iterate(
    run: Run, inventor: Inventor, update: Update, state: PPOState, iteration: int
) -> tuple[PPOState, dict[str, Any]]:
    """Samples a batch, pays it and updates the policy."""
    config, began = inventor.config, time.monotonic()
    seed = run.seed(f"{STAGE}/samples", iteration)
    rollout, written = _roll_out(inventor, state, config.batch // len(config.terrains), seed)
    # Dispatched before the programs run, so that the device works while the jail does.
    value, reference = _judge(
        state.params, inventor.base.params, inventor.policy, rollout, config.ppo.temperature
    )
    sampled = time.monotonic()
    samples = _pay(inventor, written)
    paid = time.monotonic()
    reward = np.array([sample.reward(config.invalid_reward) for sample in samples], np.float32)
    batch = Batch(
        rollout=rollout,
        value=value,
        reference_log_prob=reference,
        reward=jnp.asarray(reward),
    )
    state, metrics = update(state, batch, jax.random.key(run.seed(f"{STAGE}/update", iteration)))
    numbers = {name: float(number) for name, number in metrics.items()}
    return state, {
        **numbers,
        **_by_terrain(config.terrains, reward),
        "valid": float(np.mean([sample.is_valid for sample in samples])),
        **inventor.evaluator.hit_rates(),
        "unique": len({sample.program for sample in samples}) / len(samples),
        "sampling_seconds": sampled - began,
        "evaluation_seconds": paid - sampled,
        "update_seconds": time.monotonic() - paid,
    }


def _by_terrain(terrains: tuple[str, ...], reward: np.ndarray) -> dict[str, float]:
    """Mean reward and its 95 % interval on every terrain; `reward` is ordered by terrain."""
    numbers: dict[str, float] = {}
    for name, of_terrain in zip(terrains, reward.reshape(len(terrains), -1), strict=True):
        mean, low, high = mean_interval(of_terrain)
        numbers |= dict(zip(_columns(name), (mean, low, high), strict=True))
    return numbers


def _columns(terrain: str) -> tuple[str, str, str]:
    """Columns of the metrics log for a terrain's mean reward and its interval."""
    return f"reward_{terrain}", f"reward_{terrain}_low", f"reward_{terrain}_high"


def _roll_out(
    inventor: Inventor, state: PPOState, children: int, seed: int
) -> tuple[Rollout, list[str | None]]:
    """Writes `children` programs for every terrain."""
    terrains = len(inventor.config.terrains)
    prompt, sampler = program_sampler(
        inventor.base, children, inventor.config.max_new_tokens, blanks=0
    )
    # As the update computes, on any device: else PPO's first ratio would not be 1.
    sampler = replace(sampler, dtype=np.dtype(np.float32))
    drawn = sampler(
        state.params["lm"],
        [prompt] * terrains,
        jax.random.key(seed),
        temperature=inventor.config.ppo.temperature,
        prefix=_prefixes(state.params, inventor.policy, inventor.terrain),
    )
    index = jnp.arange(terrains, dtype=jnp.int32)
    asked = pad_prompts([prompt] * terrains, buckets=(len(prompt),))
    rollout = collect(inventor.terrain, index, asked, drawn)
    return crop(rollout, TIME_BUCKETS), texts(drawn, inventor.base.tokenizer)


def _pay(inventor: Inventor, written: list[str | None]) -> list[Sample]:
    """Runs each program on the terrain it was written for; equal shares in terrain order."""
    names = inventor.config.terrains
    share = len(written) // len(names)
    terrains = np.repeat(names, share).tolist()
    return evaluate_texts(inventor.whole, inventor.evaluator, written, terrains)


_prefixes = jax.jit(prefixes, static_argnums=1)
_judge = jax.jit(evaluate_rollout, static_argnums=2)


def _before_and_after(run: Run, inventor: Inventor, state: PPOState) -> pd.DataFrame:
    """Samples of the stage 2 model and of the trained policy, all terrains with equally many."""
    config = inventor.config
    before = [
        text
        for i, _ in enumerate(config.terrains)
        for text in sample_programs(
            inventor.base,
            config.evaluation_samples,
            max_new_tokens=config.max_new_tokens,
            temperature=config.ppo.temperature,
            blanks=config.slots,
            seed=run.seed(f"{STAGE}/before", i),
        )
    ]
    _, after = _roll_out(inventor, state, config.evaluation_samples, run.seed(f"{STAGE}/after"))
    rows = []
    for moment, written in (("before", before), ("after", after)):
        samples = _pay(inventor, written)
        names = np.repeat(config.terrains, config.evaluation_samples)
        rows += [
            {
                "time": moment,
                "terrain": str(name),
                "program": sample.program,
                "outcome": str(sample.evaluation.verdict),
                "reward": sample.reward(config.invalid_reward),
                "displacement": sample.evaluation.displacement,
            }
            for name, sample in zip(names, samples, strict=True)
        ]
    return pd.DataFrame(rows)


def _save_model(run: Run, inventor: Inventor, state: PPOState) -> None:
    """The language model in Hugging Face layout; encoder and head stand in the checkpoint."""
    model = replace(inventor.base, params=jax.device_get(state.params["lm"]))
    store.save(run.folder / STAGE / "model", model)
