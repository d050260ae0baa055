"""The head that reads the expected return off a language model's hidden states."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import jax.numpy as jnp
from flax import nnx
from jax import Array

from elmjax.lm.decoder import Params


class ValueHead(nnx.Module):
    """Two layers from hidden state and mean prefix to the expected return.

    The prefix is seen directly too, so that what a terrain pays on average is known before
    attention has learned to look at it.
    """

    def __init__(self, width: int, *, rngs: nnx.Rngs):
        self.prefix_norm = nnx.LayerNorm(width, rngs=rngs)
        self.inner = nnx.Linear(2 * width, width, rngs=rngs)
        # Expects nothing at first: random expectations would be advantages out of thin air.
        self.outer = nnx.Linear(width, 1, kernel_init=nnx.initializers.zeros, rngs=rngs)

    def __call__(self, hidden: Array, prefix: Array) -> Array:
        """Expected return before each token.

        Args:
            hidden: [batch, time, width], the states that predict the tokens.
            prefix: [batch, slots, width].

        Returns:
            [batch, time].
        """
        ground = self.prefix_norm(prefix.mean(axis=1))[:, None]
        seen = jnp.concatenate([hidden, jnp.broadcast_to(ground, hidden.shape)], axis=-1)
        return self.outer(jnp.tanh(self.inner(seen)))[..., 0]


def init_head(width: int, key: Array) -> Params:
    """Fresh parameters of a head."""
    return nnx.to_pure_dict(nnx.state(ValueHead(width, rngs=nnx.Rngs(key)), nnx.Param))


@lru_cache(maxsize=64)
def value_head(width: int) -> Callable[[Params, Array, Array], Array]:
    """The head as a function of its parameters; its structure is worked out once."""
    graph = nnx.graphdef(nnx.eval_shape(lambda: ValueHead(width, rngs=nnx.Rngs(0))))
    return lambda params, hidden, prefix: nnx.merge(graph, params)(hidden, prefix)
