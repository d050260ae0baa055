"""Reading the prompts once, so that all children of a parent can decode from the same memory."""

from __future__ import annotations

import flax.struct
import jax.numpy as jnp
from jax import Array

from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.prompt import Prompt


@flax.struct.dataclass
class LayerMemory:
    """Keys and values of the prompts in one layer, laid out for decoding.

    Heads lead time because the batched products of a decoding step run over (parents, heads): on
    CPU this layout takes a third of the time of [parents, time, heads, head_width].
    """

    key: Array  # [parents, shared_heads, head_width, time], already rotated
    value: Array  # [parents, shared_heads, time, head_width]


@flax.struct.dataclass
class PromptMemory:
    """What a model remembers of the prompts it has read."""

    layers: tuple[LayerMemory, ...]
    visible: Array  # [parents, time] bool, false where the prompt is padding
    length: Array  # [parents] int32, position of the first completion token
    present: Array  # [parents] bool
    logits: Array  # [parents, vocab] float32, of the first completion token


def prefill(params: Params, config: DecoderConfig, prompt: Prompt) -> PromptMemory:
    """Reads every prompt."""
    embeddings = prompt.with_prefix(decoder.embed(params, prompt.tokens))
    hidden, read = decoder.read(params, config, embeddings, prompt.position(), prompt.mask())
    # Absent parents have no last token; theirs is never used, any index does.
    last = jnp.maximum(prompt.total_length - 1, 0)
    last_hidden = jnp.take_along_axis(hidden, last[:, None, None], axis=1)[:, 0]
    key = jnp.transpose(read.key, (0, 1, 3, 4, 2))
    value = jnp.transpose(read.value, (0, 1, 3, 2, 4))
    return PromptMemory(
        layers=tuple(LayerMemory(key=key[i], value=value[i]) for i in range(config.layers)),
        visible=prompt.position() < prompt.total_length[:, None],
        length=prompt.total_length,
        present=prompt.length > 0,
        logits=decoder.logits(params, config, last_hidden),
    )
