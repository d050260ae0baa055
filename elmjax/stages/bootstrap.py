"""A supervised start of stage 3: the policy learns the best known program of every terrain first.

The paper's authors name it as what they would try (section 8): pairs of terrain and walker before
reinforcement learning.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from elmjax.lm.decoder import Params
from elmjax.lm.prompt import pad_prompts
from elmjax.rl.episode import token_mask
from elmjax.rl.losses import token_mean
from elmjax.rl.policy import PolicyConfig, PolicyParams, read
from elmjax.rl.ppo import make_optimizer
from elmjax.rl.rollout import Rollout, take_rows
from elmjax.stages.inventor import TIME_BUCKETS, Inventor, lay_out, pay, rewards
from elmjax.stages.samples import encode_whole, whole_program_prompt


def best_known(inventor: Inventor, programs: list[str], each: int) -> dict[str, list[str]]:
    """The programs that walk farthest on every terrain trained on, best first."""
    found = {}
    for place in inventor.config.terrains:
        paid = rewards(inventor, pay(inventor, programs, [place] * len(programs)))
        order = np.argsort(-paid, kind="stable")[:each]
        found[place] = [programs[i] for i in order if paid[i] > 0.0]
    return found


def learn(inventor: Inventor, params: PolicyParams, programs: list[str], seed: int) -> PolicyParams:
    """The policy after `config.bootstrap.steps` steps on the best known programs.

    Args:
        inventor: Whose terrains, and who pays.
        params: Of the policy.
        programs: Known ones, such as the dataset of stage 2.
        seed: Of the order in which they are read.
    """
    config = inventor.config.bootstrap
    known = best_known(inventor, programs, config.programs)
    pairs = [
        (inventor.names.index(place), ids)
        for place, texts in known.items()
        for text in texts
        if len(ids := tokens(inventor, text)) <= inventor.config.max_new_tokens
    ]
    if not pairs:
        return params
    whole = as_rollout(inventor, pairs)
    optimizer = make_optimizer(inventor.config.ppo)
    step = compile_step(inventor)
    state, rng = optimizer.init(params), np.random.default_rng(seed)
    for _ in range(config.steps):
        rows = rng.choice(len(pairs), min(config.rows, len(pairs)), replace=False)
        some = lay_out(inventor.placement, take_rows(whole, jnp.asarray(rows)))
        params, state = step((params, state), some, inventor.base.params)
    return params


def compile_step(inventor: Inventor) -> Any:
    """A step of the policy on some rows: of parameters, the optimiser's state and the rows."""
    optimizer = make_optimizer(inventor.config.ppo)
    return jax.jit(partial(_step, inventor.policy, optimizer))


def tokens(inventor: Inventor, program: str) -> list[int]:
    """What the model writes after the prompt for a program."""
    return encode_whole([program], inventor.base.tokenizer)[0]


def as_rollout(inventor: Inventor, pairs: list[tuple[int, list[int]]]) -> Rollout:
    """Programs as if they had been sampled; their log-probabilities are not asked for."""
    longest = max(len(ids) for _, ids in pairs)
    time = min((bucket for bucket in TIME_BUCKETS if bucket >= longest), default=longest)
    tokens = np.zeros((len(pairs), time), np.int32)
    for row, (_, ids) in enumerate(pairs):
        tokens[row, : len(ids)] = ids
    prompt = whole_program_prompt(inventor.base.tokenizer, blanks=0)
    asked = pad_prompts([prompt] * len(pairs), buckets=(len(prompt),))
    return Rollout(
        terrain=jnp.asarray(inventor.terrain),
        terrain_index=jnp.asarray([index for index, _ in pairs], jnp.int32),
        prompt=jnp.asarray(asked.tokens),
        prompt_length=jnp.asarray(asked.length),
        tokens=jnp.asarray(tokens),
        length=jnp.asarray([len(ids) for _, ids in pairs], jnp.int32),
        log_prob=jnp.zeros(tokens.shape, jnp.float32),
    )


def _step(
    policy: PolicyConfig,
    optimizer: optax.GradientTransformation,
    so_far: tuple[PolicyParams, Any],
    rollout: Rollout,
    frozen: Params,
) -> tuple[PolicyParams, Any]:
    params, state = so_far
    mask = token_mask(rollout.length, rollout.tokens.shape[1])

    def loss(params: PolicyParams) -> Array:
        return -token_mean(read(params, policy, rollout, 1.0, frozen).log_prob, mask)

    change, state = optimizer.update(jax.grad(loss)(params), state, params)
    return optax.apply_updates(params, change), state
