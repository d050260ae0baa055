"""Scaled dot-product attention over explicit masks, and rotary positions.

Who sees whom is always an explicit mask made from lengths or from (group, segment) ids, never from
the id of a padding token: what stands in a masked place cannot matter.
"""

from __future__ import annotations

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array

# More and smaller blocks of queries would save little more and take longer to compile.
SMALLEST_BLOCK = 64  # tokens
MOST_BLOCKS = 8


@flax.struct.dataclass
class Rotation:
    """Cosines and sines by which rotary embedding turns queries and keys."""

    cosine: Array  # [..., head_width / 2]
    sine: Array  # [..., head_width / 2]


def rotation(position: Array, head_width: int, theta: float) -> Rotation:
    """Angles of rotary positions (Su et al. 2021, https://arxiv.org/abs/2104.09864).

    Args:
        position: [...] int32, any places: they need not be contiguous.
        head_width: Components of a head.
        theta: Longest wavelength of the rotation, in tokens, over 2 pi.
    """
    exponent = jnp.arange(0, head_width, 2, dtype=jnp.float32) / head_width
    angle = position[..., None].astype(jnp.float32) * theta**-exponent
    return Rotation(cosine=jnp.cos(angle), sine=jnp.sin(angle))


def rotate(heads: Array, by: Rotation) -> Array:
    """Turns each pair (component i, component i + head_width / 2) of every head.

    Args:
        heads: [..., heads, head_width].
        by: Angles for [...].
    """
    first, second = jnp.split(heads, 2, axis=-1)
    cosine, sine = by.cosine[..., None, :], by.sine[..., None, :]
    turned = jnp.concatenate(
        [first * cosine - second * sine, second * cosine + first * sine], axis=-1
    )
    return turned.astype(heads.dtype)


def attend(query: Array, key: Array, value: Array, mask: Array) -> Array:
    """Softmax attention.

    Args:
        query: [batch, time, heads, head_width].
        key: [batch, seen, heads, head_width].
        value: [batch, seen, heads, head_width].
        mask: [batch, time, seen] bool, true where a query may look; at least one true per query.

    Returns:
        [batch, time, heads, head_width].
    """
    scale = query.shape[-1] ** -0.5
    score = jnp.einsum("bthd,bshd->bhts", query * scale, key, preferred_element_type=jnp.float32)
    weight = jax.nn.softmax(jnp.where(mask[:, None], score, -jnp.inf), axis=-1)
    return jnp.einsum("bhts,bshd->bthd", weight.astype(value.dtype), value)


def attend_causal(query: Array, key: Array, value: Array, mask: Array) -> Array:
    """`attend` for a mask that is false above the diagonal: what lies there is never computed.

    Blocks of queries look at no key behind their own end, which saves up to half of the work. For
    arguments see `attend`; `seen` equals `time`.
    """
    time = query.shape[1]
    block = max(SMALLEST_BLOCK, -(-time // MOST_BLOCKS))
    ends = [min(start + block, time) for start in range(0, time, block)]
    attended = [
        attend(query[:, start:end], key[:, :end], value[:, :end], mask[:, start:end, :end])
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
