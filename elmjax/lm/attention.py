"""Scaled dot-product attention over explicit masks, and rotary positions.

Who sees whom is always an explicit mask made from lengths or from (group, segment) ids, never from
the id of a padding token: what stands in a masked place cannot matter.
"""

from __future__ import annotations

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array

from elmjax.lm.rope import Rope

# More and smaller blocks of queries would save little more and take longer to compile.
SMALLEST_BLOCK = 64  # tokens
MOST_BLOCKS = 8


@flax.struct.dataclass
class Rotation:
    """Cosines and sines by which rotary embedding turns queries and keys."""

    cosine: Array  # [..., rotated / 2]
    sine: Array  # [..., rotated / 2]
    # As of `Rope`: which components are pairs.
    neighbours: bool = flax.struct.field(pytree_node=False, default=False)


def rotation(position: Array, head_width: int, rope: Rope) -> Rotation:
    """Angles of rotary positions.

    Args:
        position: [...] int32, any places: they need not be contiguous.
        head_width: Components of a head.
        rope: How they turn.
    """
    angle = position[..., None].astype(jnp.float32) * rope.frequencies(head_width)
    return Rotation(
        cosine=jnp.cos(angle) * rope.gain,
        sine=jnp.sin(angle) * rope.gain,
        neighbours=rope.neighbours,
    )


def rotate(heads: Array, by: Rotation | None) -> Array:
    """Turns the pairs of leading components of every head; None turns nothing.

    Args:
        heads: [..., heads, head_width].
        by: Angles for [...].
    """
    if by is None:
        return heads
    rotated = 2 * by.cosine.shape[-1]
    turning, still = heads[..., :rotated], heads[..., rotated:]
    cosine, sine = by.cosine[..., None, :], by.sine[..., None, :]
    if by.neighbours:
        first, second = turning[..., 0::2], turning[..., 1::2]
    else:
        first, second = jnp.split(turning, 2, axis=-1)
    parts = [first * cosine - second * sine, second * cosine + first * sine]
    if by.neighbours:
        turned = jnp.stack(parts, axis=-1).reshape(turning.shape)
    else:
        turned = jnp.concatenate(parts, axis=-1)
    turned = turned.astype(heads.dtype)
    return jnp.concatenate([turned, still], axis=-1) if still.shape[-1] else turned


def capped(score: Array, cap: float | None) -> Array:
    """Scores squeezed into -cap..cap; None leaves them as they are."""
    return score if cap is None else cap * jnp.tanh(score / cap)


def attend(
    query: Array,
    key: Array,
    value: Array,
    mask: Array,
    *,
    scale: float | None = None,
    cap: float | None = None,
) -> Array:
    """Softmax attention.

    Args:
        query: [batch, time, heads, head_width].
        key: [batch, seen, shared_heads, head_width], each for equally many heads in turn.
        value: [batch, seen, shared_heads, head_width].
        mask: [batch, time, seen] bool, true where a query may look; at least one true per query.
        scale: Of the scores; None: one over the root of the head's width.
        cap: As of `capped`.

    Returns:
        [batch, time, heads, head_width].
    """
    batch, time, _, head_width = query.shape
    scale = head_width**-0.5 if scale is None else scale
    grouped = (query * scale).reshape(batch, time, key.shape[2], -1, head_width)
    score = jnp.einsum("btkgd,bskd->bkgts", grouped, key, preferred_element_type=jnp.float32)
    score = jnp.where(mask[:, None, None], capped(score, cap), -jnp.inf)
    weight = jax.nn.softmax(score, axis=-1).astype(value.dtype)
    return jnp.einsum("bkgts,bskd->btkgd", weight, value).reshape(query.shape)


def attend_causal(query: Array, key: Array, value: Array, mask: Array, **how: Any) -> Array:
    """`attend` for a mask that is false above the diagonal: what lies there is never computed.

    Blocks of queries look at no key behind their own end, which saves up to half of the work. For
    arguments see `attend`; `seen` equals `time`.
    """
    time = query.shape[1]
    block = max(SMALLEST_BLOCK, -(-time // MOST_BLOCKS))
    ends = [min(start + block, time) for start in range(0, time, block)]
    attended = [
        attend(query[:, start:end], key[:, :end], value[:, :end], mask[:, start:end, :end], **how)
        for start, end in zip([0, *ends], ends, strict=False)
    ]
    return jnp.concatenate(attended, axis=1)


def causal_mask(length: Array, time: int) -> Array:
    """Mask of right-padded sequences: each token sees itself and the real tokens before it.

    Args:
        length: [batch] int32.
        time: Padded length.

    Returns:
        [batch, time, time] bool. A padded token sees itself, so that its softmax is finite.
    """
    index = jnp.arange(time, dtype=jnp.int32)
    before = index[None, :] <= index[:, None]
    real = index[None, :] < length[:, None]
    return (before[None] & real[:, None, :]) | jnp.eye(time, dtype=bool)


def packed_mask(group: Array, segment: Array) -> Array:
    """Mask of packed rows: a continuation sees its prompt and itself, a prompt only itself.

    Args:
        group: [batch, time] int32, which document of the row; tokens of two groups never meet.
        segment: [batch, time] int32, 0 for the prompt, 1, 2, ... for its continuations.

    Returns:
        [batch, time, time] bool.
    """
    index = jnp.arange(group.shape[-1], dtype=jnp.int32)
    before = index[None, :] <= index[:, None]
    same_group = group[:, :, None] == group[:, None, :]
    same_segment = segment[:, :, None] == segment[:, None, :]
    in_prompt = segment[:, None, :] == 0
    return before[None] & same_group & (same_segment | in_prompt)
