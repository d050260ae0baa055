"""One step of decoding: the token just drawn in every slot is read through all layers.

A slot sees its parent's prompt, whose memory all slots of the parent share, and what its own child
has written so far.
"""

from __future__ import annotations

from collections.abc import Sequence

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from elmjax.lm.attention import capped
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Block, rotations
from elmjax.lm.prefill import LayerMemory, PromptMemory


@flax.struct.dataclass
class OwnMemory:
    """Keys and values of what the slots wrote in the last `time` steps, of one layer.

    A ring: step `i` is at `i % time` for all slots, whatever the age of their children, so that
    writing is one copy. What an earlier child left in a slot is older than the child and is masked.
    """

    key: Array  # [parents * shared_heads * slots, time, head_width], already rotated
    value: Array  # [parents * shared_heads * slots, time, head_width]


def empty_memory(
    config: DecoderConfig, rows: int, time: int, dtype: DTypeLike
) -> tuple[OwnMemory, ...]:
    """Memory of every layer.

    Args:
        config: Shape of the decoder.
        rows: Slots of all parents.
        time: Most tokens of a child.
        dtype: That of the activations.
    """
    # One axis for parents, heads and slots: XLA's CPU backend is several times slower where a
    # leading axis is 1.
    empty = jnp.zeros((rows * config.shared_heads, time, config.head_width), dtype)
    return tuple(OwnMemory(key=empty, value=empty) for _ in range(config.layers))


def read_token(
    config: DecoderConfig,
    layers: Sequence[Block],
    shared: PromptMemory,
    memory: Sequence[OwnMemory],
    stream: Array,
    *,
    position: Array,
    step: Array,
    age: Array,
) -> tuple[Array, tuple[OwnMemory, ...]]:
    """Runs one token of every slot through all layers.

    Args:
        config: Shape of the decoder.
        layers: The blocks of the decoder.
        shared: Memory of the prompts.
        memory: Memory of the slots, of every layer.
        stream: [parents, slots, width], of `decoder.begin`.
        position: [parents, slots] int32, of the tokens.
        step: [] int32, steps since sampling began.
        age: [parents, slots] int32, tokens of the child before this one.

    Returns:
        What the last layer left [parents, slots, width], and the memory with the token.
    """
    time = memory[0].key.shape[1]
    index = step % time
    ago = (index - jnp.arange(time, dtype=jnp.int32)) % time
    turns = rotations(config, position)
    seen = [_visible(kind.window, shared.visible, position, ago, age) for kind in config.kinds]
    memories = []
    for i, (block, prompt, before) in enumerate(zip(layers, shared.layers, memory, strict=True)):
        kind = config.pattern[i] if config.pattern else 0
        query, key, value = block.heads_of(stream, turns[kind])
        own = OwnMemory(
            key=_write(before.key, key, index), value=_write(before.value, value, index)
        )
        attended = _attend_both(config, query, prompt, own, seen[kind])
        stream = block.add(stream, attended)
        memories.append(own)
    return stream, tuple(memories)


def _visible(
    window: int | None, prompt: Array, position: Array, ago: Array, age: Array
) -> tuple[Array, Array]:
    """What the tokens of one step see.

    Args:
        window: Of the layer.
        prompt: [parents, prompt_time] bool, false where the prompt is padding.
        position: [parents, slots] int32.
        ago: [time] int32, steps since each index of the ring was written.
        age: [parents, slots] int32.

    Returns:
        Of the prompt [parents, slots or 1, prompt_time] and of the ring [parents, slots, time].
    """
    own = ago <= age[..., None]
    if window is None:
        return prompt[:, None], own
    index = jnp.arange(prompt.shape[1], dtype=jnp.int32)
    near = position[..., None] - index < window
    return prompt[:, None] & near, own & (ago < window)


def _write(memory: Array, heads: Array, index: Array) -> Array:
    """Puts [parents, slots, shared_heads, head_width] at one index of the ring."""
    rows = jnp.swapaxes(heads, 1, 2).reshape(-1, heads.shape[-1])
    return jax.lax.dynamic_update_index_in_dim(memory, rows, index, axis=1)


def _attend_both(
    config: DecoderConfig,
    query: Array,
    shared: LayerMemory,
    own: OwnMemory,
    seen: tuple[Array, Array],
) -> Array:
    """One softmax over the parent's prompt and the child's own tokens.

    Args:
        config: Shape of the decoder.
        query: [parents, slots, heads, head_width].
        shared: Memory of the prompts.
        own: Memory of the slots, the present token included.
        seen: What each sees: of the prompt, [parents, slots or 1, prompt_time] bool, and of what
            its child has written, [parents, slots, time] bool.

    Returns:
        [parents, slots, heads, head_width].
    """
    parents, slots, heads, width = query.shape
    keys = config.shared_heads
    visible, own_visible = seen
    query = query * jnp.asarray(config.score_scale, query.dtype)
    # Queries of one group stand beside each other, as rows of one product with their keys.
    query = jnp.swapaxes(query.reshape(parents, slots, keys, -1, width), 1, 2)
    rows = query.shape[:-1]  # [parents, keys, slots, group]
    shared_score = jnp.einsum(
        "phcd,phdt->phct",
        query.reshape(parents, keys, -1, width),
        shared.key,
        preferred_element_type=jnp.float32,
    ).reshape(*rows, -1)
    own_score = _products(own.key, query.reshape(-1, heads // keys, width)).reshape(*rows, -1)
    shared_score = _masked(config, shared_score, visible)
    own_score = _masked(config, own_score, own_visible)
    highest = jnp.maximum(shared_score.max(-1, keepdims=True), own_score.max(-1, keepdims=True))
    shared_weight = jnp.exp(shared_score - highest)
    own_weight = jnp.exp(own_score - highest)
    total = shared_weight.sum(-1, keepdims=True) + own_weight.sum(-1, keepdims=True)
    dtype = query.dtype
    attended = jnp.einsum(
        "phct,phtd->phcd",
        shared_weight.astype(dtype).reshape(parents, keys, -1, shared_weight.shape[-1]),
        shared.value,
        preferred_element_type=jnp.float32,
    ).reshape(*rows, width)
    weight = own_weight.astype(dtype).reshape(-1, heads // keys, own_weight.shape[-1])
    attended += _sums(weight, own.value).reshape(*rows, width)
    attended = (attended / total).astype(dtype)
    return jnp.swapaxes(attended, 1, 2).reshape(parents, slots, heads, width)


def _masked(config: DecoderConfig, score: Array, visible: Array) -> Array:
    """Scores [parents, keys, slots, group, time], minus infinity where nothing is seen."""
    score = capped(score, config.attention_cap)
    return jnp.where(visible[:, None, :, None], score, -jnp.inf)


def _products(key: Array, query: Array) -> Array:
    """Scores [rows, group, time] of keys [rows, time, head_width] for queries of a group each."""
    # The memory is the first operand: as the second, XLA's CPU backend would transpose a copy of
    # the whole of it at every step. A group of one is a product with a vector, which is faster.
    if query.shape[1] == 1:
        score = jnp.einsum("bnd,bd->bn", key, query[:, 0], preferred_element_type=jnp.float32)
        return score[:, None]
    return jnp.einsum("bnd,bgd->bgn", key, query, preferred_element_type=jnp.float32)


def _sums(weight: Array, value: Array) -> Array:
    """Sums [rows, group, head_width] of values [rows, time, head_width] by weight."""
    if weight.shape[1] == 1:
        attended = jnp.einsum("bn,bnd->bd", weight[:, 0], value, preferred_element_type=jnp.float32)
        return attended[:, None]
    return jnp.einsum("bgn,bnd->bgd", weight, value, preferred_element_type=jnp.float32)
