"""The normalisations that decoders use."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from elmjax.lm.config import DecoderConfig


class OffsetRMSNorm(nnx.Module):
    """RMSNorm that stores how far its scale is from 1 (Gemma)."""

    def __init__(self, width: int, *, epsilon: float, rngs: nnx.Rngs):
        del rngs  # it starts at zero
        self.epsilon = epsilon
        self.scale = nnx.Param(jnp.zeros(width, jnp.float32))

    def __call__(self, stream: Array) -> Array:
        """Normalises the last axis."""
        wide = stream.astype(jnp.float32)
        size = jax.lax.rsqrt(jnp.mean(wide**2, axis=-1, keepdims=True) + self.epsilon)
        return (wide * size * (1.0 + self.scale[...].astype(jnp.float32))).astype(stream.dtype)


def make_norm(config: DecoderConfig, width: int, rngs: nnx.Rngs) -> nnx.Module:
    """A norm over `width` components of the kind that a decoder has."""
    kinds = {"rms": nnx.RMSNorm, "rms_offset": OffsetRMSNorm, "layer": nnx.LayerNorm}
    return kinds[config.norm](width, epsilon=config.norm_epsilon, rngs=rngs)
