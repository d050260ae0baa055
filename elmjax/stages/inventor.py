"""What stage 3 trains and plays with: the policy, the terrains it is shown, and who pays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from elmjax.config import Conditional, Config, ConfigError
from elmjax.dist.placement import Placement, fetch
from elmjax.evaluate import Evaluator
from elmjax.lm.prompt import pad_prompts
from elmjax.lm.sampler import Sampler
from elmjax.lm.store import LanguageModel
from elmjax.rl.placed import rollout_shardings
from elmjax.rl.policy import (
    PolicyConfig,
    PolicyParams,
    evaluate_rollout,
    language_model,
    prefixes,
)
from elmjax.rl.rollout import Rollout, collect, crop
from elmjax.stages import finetune
from elmjax.stages.adapted import adapted_shape
from elmjax.stages.encoders import encoder_config
from elmjax.stages.run import Run, terrain_lines
from elmjax.stages.samples import Sample, evaluate_texts, program_sampler, texts
from physics.raster import terrain_image

TIME_BUCKETS = (64, 128, 192, 256, 320, 384, 512)  # tokens an update pads to

encode_terrains = jax.jit(prefixes, static_argnums=1)
judge = jax.jit(evaluate_rollout, static_argnums=2)


@dataclass(frozen=True, kw_only=True)
class Inventor:
    """Everything of stage 3 that does not change while it trains."""

    config: Conditional
    whole: Config  # of the run
    base: LanguageModel  # of stage 2: where the policy starts, and what the KL term holds it to
    policy: PolicyConfig
    names: tuple[str, ...]  # of the terrains: those it trains on, then unseen ones
    terrain: np.ndarray  # [terrains] codes or [terrains, height, width] pictures
    evaluator: Evaluator
    placement: Placement


def make_inventor(run: Run, evaluator: Evaluator) -> Inventor:
    """The inventor of a run whose stage 2 is finished.

    Args:
        run: Of the configuration.
        evaluator: Which knows all its terrains.

    Raises:
        ConfigError: Stage 2 has not finished.
    """
    return assemble_inventor(run.config, finetune.load_model(run), evaluator, run.placement)


def assemble_inventor(
    whole: Config, base: LanguageModel, evaluator: Evaluator, placement: Placement
) -> Inventor:
    """The inventor of a configuration on a model of stage 2.

    Args:
        whole: The configuration.
        base: Of stage 2; its parameters are not looked at.
        evaluator: Which knows all its terrains.
        placement: Of the arrays.
    """
    config = whole.conditional
    names = (*config.terrains, *config.unseen)
    by_code = config.encoder == "codes"
    terrain = np.arange(len(names), dtype=np.int32) if by_code else _pictures(whole, names)
    shape = adapted_shape(base.config, base.family, config.lora, "conditional.lora")
    policy = PolicyConfig(
        decoder=replace(shape, recompute=config.recompute),
        encoder=encoder_config(config, base.config.width),
        blank_token=base.tokenizer.pad,
        value=config.ppo.value if config.ppo.needs_value else "none",
    )
    return Inventor(
        config=config,
        whole=whole,
        base=base,
        policy=policy,
        names=names,
        terrain=terrain,
        evaluator=evaluator,
        placement=placement,
    )


def check_unseen(config: Conditional) -> None:
    """Refuses terrains that training does not show and an encoder cannot know.

    Raises:
        ConfigError: naming the encoder.
    """
    if config.unseen and config.encoder == "codes":
        raise ConfigError(
            f"conditional.unseen: got {list(config.unseen)} with the encoder 'codes', which has a "
            "code for each terrain it was trained on; wanted an encoder of pictures"
        )
    if twice := set(config.unseen) & set(config.terrains):
        raise ConfigError(
            f"conditional.unseen: got {sorted(twice)}, which are among conditional.terrains; "
            "wanted others"
        )


def shares(config: Conditional, seed: int) -> tuple[np.ndarray, int]:
    """Terrains of an iteration's prompts, and how many programs each prompt gets.

    Returns:
        [prompts] int32, indices of `config.terrains`: each once, or, where an episode draws its
        terrain, one for each episode, in order.
    """
    count = len(config.terrains)
    if config.draw == "equal":
        return np.arange(count, dtype=np.int32), config.batch // count
    drawn = np.random.default_rng(seed).integers(count, size=config.batch)
    return np.sort(drawn).astype(np.int32), 1


def roll_out(
    inventor: Inventor, params: PolicyParams, index: np.ndarray, children: int, seed: int
) -> tuple[Rollout, list[str | None]]:
    """Writes `children` programs for each of some terrains.

    Args:
        inventor: Whose terrains.
        params: Of the policy.
        index: [prompts] of `inventor.names`.
        children: Programs of each.
        seed: Of the draws.

    Returns:
        The rollout, and the texts in its order; None where a program does not end.
    """
    prompt, sampler = policy_sampler(inventor, children)
    prefix = fetch(encode_terrains(params, inventor.policy, inventor.terrain))
    drawn = sampler(
        language_model(params, inventor.policy, inventor.base.params),
        [prompt] * len(index),
        jax.random.key(seed),
        temperature=inventor.config.ppo.temperature,
        prefix=prefix[index],
    )
    asked = pad_prompts([prompt] * len(index), buckets=(len(prompt),))
    rollout = collect(jnp.asarray(inventor.terrain), jnp.asarray(index), asked, drawn)
    rollout = lay_out(inventor.placement, crop(rollout, TIME_BUCKETS))
    return rollout, texts(drawn, inventor.base.tokenizer)


def policy_sampler(inventor: Inventor, children: int) -> tuple[list[int], Sampler]:
    """The prompt behind a terrain's prefix, and what draws `children` programs of each."""
    prompt, sampler = program_sampler(
        inventor.base, children, inventor.config.max_new_tokens, blanks=0
    )
    # As the update computes, on any device: else PPO's first ratio would not be 1. For the same
    # reason adapters are not merged, which would also take a second copy of the weights.
    shape = replace(inventor.policy.decoder, recompute=False)
    return prompt, replace(sampler, config=shape, dtype=np.dtype(np.float32))


def lay_out(placement: Placement, rollout: Rollout) -> Rollout:
    """The rollout with its episodes spread over devices; each has all terrains."""
    return placement.put(rollout, rollout_shardings(placement, rollout))


def pay(inventor: Inventor, written: Sequence[str | None], places: Sequence[str]) -> list[Sample]:
    """Runs each program on a terrain."""
    return evaluate_texts(inventor.whole, inventor.evaluator, written, places)


def rewards(inventor: Inventor, samples: Sequence[Sample]) -> np.ndarray:
    """[samples] float32 m."""
    invalid = inventor.config.invalid_reward
    return np.array([sample.reward(invalid) for sample in samples], np.float32)


def _pictures(config: Config, names: Sequence[str]) -> np.ndarray:
    """Pictures of terrains, float32 [terrains, height, width], 1 where solid."""
    height, width = config.conditional.image
    return np.stack(
        [terrain_image(terrain_lines(config, name), height=height, width=width) for name in names]
    )
