"""An iteration of stage 3 as one compiled program, whose host part stands behind a callback.

Sampling, physics aside, and the update run on the device without a return to Python in between;
programs are run, and walkers simulated, by the callback. The results are those of the iteration
that the host leads, up to rounding; what the host leads can overlap the device with the jail.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.experimental import io_callback

from elmjax.config import Config, ConfigError
from elmjax.lm import generate
from elmjax.lm.prompt import pad_prompts
from elmjax.lm.sampler import slots_for
from elmjax.lm.transcript import Completions
from elmjax.rl.policy import evaluate_rollout, language_model, prefixes
from elmjax.rl.ppo import Metrics, PPOState, make_update
from elmjax.rl.rollout import Batch, collect
from elmjax.stages.inventor import Inventor, pay, rewards
from elmjax.stages.run import open_mesh
from elmjax.stages.samples import Sample, texts, whole_program_prompt

Iteration = Callable[[PPOState, np.ndarray, Array, Array], tuple[PPOState, Metrics, list[Sample]]]


def check_loop(config: Config) -> None:
    """Refuses several devices, which would each call back.

    Raises:
        ConfigError: naming the loop.
    """
    devices = open_mesh(config).size
    if config.conditional.loop == "callback" and devices > 1:
        raise ConfigError(
            f"conditional.loop: got 'callback' on {devices} devices, wanted 'host', or one device: "
            "--mesh.data 1"
        )


def make_iteration(inventor: Inventor, children: int) -> Iteration:
    """One iteration, compiled once.

    Args:
        inventor: What is trained, and who pays.
        children: Programs of each prompt.

    Returns:
        A function of the state, which is donated, the terrain of each prompt, and keys of the
        draws and of the update; it gives the next state, its metrics and the samples.
    """
    config, policy, base = inventor.config, inventor.policy, inventor.base
    ids = whole_program_prompt(base.tokenizer, blanks=0)
    update = make_update(config.ppo, policy)
    paid: list[Sample] = []

    def settle(index: Array, *drawn: Array) -> np.ndarray:
        written = texts(Completions(*drawn), base.tokenizer)
        places = [inventor.names[i] for i in np.repeat(np.asarray(index), children)]
        paid[:] = pay(inventor, written, places)
        return rewards(inventor, paid)

    @partial(jax.jit, donate_argnums=0)
    def iterate(
        state: PPOState, reference: Any, index: Array, draw_key: Array, update_key: Array
    ) -> tuple[PPOState, Metrics]:
        prefix = prefixes(state.params, policy, jnp.asarray(inventor.terrain))[index]
        prompts = index.shape[0]
        prompt = pad_prompts([ids] * prompts, buckets=(len(ids),))
        drawn = generate.sample(
            language_model(state.params, policy, reference),
            policy.decoder,
            replace(prompt, prefix=prefix),
            draw_key,
            children=children,
            max_new_tokens=config.max_new_tokens,
            end_token=base.tokenizer.end,
            slots=slots_for(children),
            temperature=config.ppo.temperature,
            top_p=1.0,
        )
        reward = io_callback(
            settle,
            jax.ShapeDtypeStruct((prompts * children,), jnp.float32),
            index,
            *(drawn.tokens, drawn.length, drawn.log_prob, drawn.finished),
        )
        rollout = collect(jnp.asarray(inventor.terrain), index, prompt, drawn)
        value, reference_log_prob = evaluate_rollout(
            state.params, reference, policy, rollout, config.ppo.temperature
        )
        batch = Batch(
            rollout=rollout, value=value, reference_log_prob=reference_log_prob, reward=reward
        )
        return update(state, batch, update_key, reference)

    def run(
        state: PPOState, index: np.ndarray, draw_key: Array, update_key: Array
    ) -> tuple[PPOState, Metrics, list[Sample]]:
        state, metrics = iterate(state, base.params, jnp.asarray(index), draw_key, update_key)
        jax.block_until_ready(metrics)
        return state, metrics, list(paid)

    return run
