"""How likely given completions are: one teacher-forced pass, in agreement with the sampler."""

from __future__ import annotations

import flax.struct
import jax.numpy as jnp
from jax import Array

from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.prompt import Prompt
from elmjax.lm.sampling import tempered_log_probs


@flax.struct.dataclass
class Scored:
    """What a model thinks of every completion token; zero after the length of a completion."""

    log_prob: Array  # [batch, time] nats
    entropy: Array  # [batch, time] nats, of the distribution the token was drawn from
    hidden: Array  # [batch, time, width], the state that predicts the token


def completion_log_probs(
    params: Params,
    config: DecoderConfig,
    prompt: Prompt,
    tokens: Array,
    length: Array,
    *,
    temperature: Array | float = 1.0,
) -> Scored:
    """Scores one completion of every prompt.

    The log-probabilities are those that `generate.sample` reports at the same temperature and
    `top_p` 1.

    Args:
        params: Of `decoder.init`.
        config: Shape of the decoder.
        prompt: [batch] prompts.
        tokens: [batch, time] int32 completions, padded on the right with anything.
        length: [batch] int32, completion tokens that are real.
        temperature: Divides the scores; may be traced.
    """
    prompt_time = prompt.slots + prompt.tokens.shape[1]
    embeddings = prompt.with_prefix(decoder.embed(params, prompt.tokens))
    embeddings = jnp.concatenate([embeddings, decoder.embed(params, tokens)], axis=1)
    step = jnp.arange(tokens.shape[1], dtype=jnp.int32)
    position = jnp.concatenate([prompt.position(), prompt.total_length[:, None] + step], axis=1)
    mask = _visible(prompt, prompt_time, prompt_time + tokens.shape[1])
    hidden = decoder.hidden_states(params, config, embeddings, position, mask)
    # The first completion token is predicted by the last real token of the prompt, which padding
    # may separate from it.
    last = jnp.maximum(prompt.total_length - 1, 0)
    of_prompt = jnp.take_along_axis(hidden, last[:, None, None], axis=1)
    predicting = jnp.concatenate([of_prompt, hidden[:, prompt_time:-1]], axis=1)

    log_probs = tempered_log_probs(decoder.logits(params, config, predicting), temperature)
    log_prob = jnp.take_along_axis(log_probs, tokens[..., None], axis=-1)[..., 0]
    entropy = -jnp.sum(jnp.exp(log_probs) * log_probs, axis=-1)
    real = step < length[:, None]
    return Scored(
        log_prob=jnp.where(real, log_prob, 0.0),
        entropy=jnp.where(real, entropy, 0.0),
        hidden=jnp.where(real[..., None], predicting, 0.0),
    )


def _visible(prompt: Prompt, prompt_time: int, time: int) -> Array:
    """Mask [batch, time, time]: earlier positions are seen, the padding of the prompt never."""
    index = jnp.arange(time, dtype=jnp.int32)
    padding = (index >= prompt.total_length[:, None]) & (index < prompt_time)
    before = index[None, :] <= index[:, None]
    return (before[None] & ~padding[:, None, :]) | jnp.eye(time, dtype=bool)
