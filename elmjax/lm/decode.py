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

from elmjax.lm.attention import Rotation
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Block
from elmjax.lm.prefill import LayerMemory, PromptMemory


@flax.struct.dataclass
class OwnMemory:
    """Keys and values of what the slots wrote in the last `time` steps, of one layer.

    A ring: step `i` is at `i % time` for all slots, whatever the age of their children, so that
    writing is one copy. What an earlier child left in a slot is older than the child and is masked.
    """

    key: Array  # [parents * heads * slots, time, head_width], already rotated
    value: Array  # [parents * heads * slots, time, head_width]


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
    empty = jnp.zeros((rows * config.heads, time, config.head_width), dtype)
    return tuple(OwnMemory(key=empty, value=empty) for _ in range(config.layers))


def read_token(
    layers: Sequence[Block],
    shared: PromptMemory,
    memory: Sequence[OwnMemory],
    stream: Array,
    *,
    turn: Rotation,
    step: Array,
    age: Array,
) -> tuple[Array, tuple[OwnMemory, ...]]:
    """Runs one token of every slot through all layers.

    Args:
        layers: The blocks of the decoder.
        shared: Memory of the prompts.
        memory: Memory of the slots, of every layer.
        stream: [parents, slots, width] embedded tokens.
        turn: Rotation [parents, slots, head_width / 2] of their positions.
        step: [] int32, steps since sampling began.
        age: [parents, slots] int32, tokens of the child before this one.

    Returns:
        What the last layer left [parents, slots, width], and the memory with the token.
    """
    time = memory[0].key.shape[1]
    index = step % time
    ago = (index - jnp.arange(time, dtype=jnp.int32)) % time
    own_visible = ago <= age[..., None]
    memories = []
    for block, prompt, before in zip(layers, shared.layers, memory, strict=True):
        query, key, value = (jnp.swapaxes(part, 1, 2) for part in block.heads_of(stream, turn))
        own = OwnMemory(
            key=_write(before.key, key, index), value=_write(before.value, value, index)
        )
        attended = _attend_both(query, prompt, own, shared.visible, own_visible)
        stream = block.add(stream, jnp.swapaxes(attended, 1, 2))
        memories.append(own)
    return stream, tuple(memories)


def _write(memory: Array, heads: Array, index: Array) -> Array:
    """Puts [parents, heads, slots, head_width] at one index of the ring."""
    rows = heads.reshape(-1, heads.shape[-1])
    return jax.lax.dynamic_update_index_in_dim(memory, rows, index, axis=1)


def _attend_both(
    query: Array, shared: LayerMemory, own: OwnMemory, visible: Array, own_visible: Array
) -> Array:
    """One softmax over the parent's prompt and the child's own tokens.

    Args:
        query: [parents, heads, slots, head_width].
        shared: Memory of the prompts.
        own: Memory of the slots, the present token included.
        visible: [parents, prompt_time] bool, false where the prompt is padding.
        own_visible: [parents, slots, time] bool, true where the child itself has written.

    Returns:
        [parents, heads, slots, head_width].
    """
    rows, width = query.shape[:-1], query.shape[-1]
    query = query * jnp.asarray(width**-0.5, query.dtype)
    shared_score = jnp.einsum(
        "phcd,phdt->phct", query, shared.key, preferred_element_type=jnp.float32
    )
    # The memory is the first operand: as the second, XLA's CPU backend would transpose a copy of
    # the whole of it at every step.
    own_score = jnp.einsum(
        "bnd,bd->bn", own.key, query.reshape(-1, width), preferred_element_type=jnp.float32
    ).reshape(*rows, -1)
    shared_score = jnp.where(visible[:, None, None, :], shared_score, -jnp.inf)
    own_score = jnp.where(own_visible[:, None], own_score, -jnp.inf)
    highest = jnp.maximum(shared_score.max(-1, keepdims=True), own_score.max(-1, keepdims=True))
    shared_weight = jnp.exp(shared_score - highest)
    own_weight = jnp.exp(own_score - highest)
    total = shared_weight.sum(-1, keepdims=True) + own_weight.sum(-1, keepdims=True)
    dtype = query.dtype
    attended = jnp.einsum(
        "phct,phtd->phcd",
        shared_weight.astype(dtype),
        shared.value,
        preferred_element_type=jnp.float32,
    )
    attended += jnp.einsum(
        "bn,bnd->bd",
        own_weight.reshape(-1, own_weight.shape[-1]).astype(dtype),
        own.value,
        preferred_element_type=jnp.float32,
    ).reshape(*rows, width)
    return (attended / total).astype(dtype)
