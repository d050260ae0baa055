"""A linear layer with low-rank adapters beside its weights."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import DTypeLike

from elmjax.lm.lora.shape import Adapter, LoRA


class AdaptedLinear(nnx.Linear):
    """Adds to every adapted part of the outputs what its pair of matrices makes of the inputs.

    The product of a pair is never formed: neither it nor its gradient, which are as large as the
    weights, takes memory.
    """

    def __init__(
        self, inputs: int, outputs: int, *, lora: LoRA, adapter: Adapter, rngs: nnx.Rngs, **how: Any
    ):
        super().__init__(inputs, outputs, rngs=rngs, **how)
        self.adapter, self.rank, self.scale = adapter, lora.rank, lora.scale
        # The A of all parts side by side, and likewise their B; `adapters` says how they start.
        self.lora_a = nnx.Param(jnp.zeros((inputs, len(adapter.pieces) * lora.rank)))
        self.lora_b = nnx.Param(jnp.zeros((lora.rank, adapter.outputs)))

    def __call__(self, inputs: Array, out_sharding: Any = None) -> Array:
        """Maps the last axis."""
        given = super().__call__(inputs, out_sharding)
        low = inputs @ self.lora_a[...].astype(inputs.dtype)
        return given + (self.scale * low) @ self._back(inputs.dtype, given.shape[-1])

    def _back(self, dtype: DTypeLike, outputs: int) -> Array:
        """The B of all parts as blocks of one matrix: several small products cost more than it."""
        back, used = jnp.zeros((len(self.adapter.pieces) * self.rank, outputs), dtype), 0
        for number, (first, width) in enumerate(self.adapter.pieces):
            rows = slice(number * self.rank, (number + 1) * self.rank)
            block = self.lora_b[...][:, used : used + width].astype(dtype)
            back = back.at[rows, first : first + width].set(block)
            used += width
        return back


def make_linear(
    lora: LoRA | None, module: str, inputs: int, outputs: int, **how: Any
) -> nnx.Linear:
    """A projection of a block, with adapters where `lora` has some for it."""
    adapter = None if lora is None else lora.of(module)
    if lora is None or adapter is None:
        return nnx.Linear(inputs, outputs, **how)
    return AdaptedLinear(inputs, outputs, lora=lora, adapter=adapter, **how)
