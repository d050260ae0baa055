"""The decoder-only transformer: Flax NNX modules for people, a pure nested dict across `jit`.

`nnx.jit` costs milliseconds of Python per call because it walks the module graph. Here the modules
are only rebuilt while tracing; what the compiled functions take is `Params`, with the parameters of
all blocks stacked on a leading layer axis, scanned over in training and indexed in decoding.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from elmjax.lm.attention import Rotation, attend_causal, rotate, rotation
from elmjax.lm.config import DecoderConfig

Params = dict[str, Any]


@flax.struct.dataclass
class KeyValues:
    """What attention remembers of the tokens read so far, for every layer."""

    key: Array  # [layers, batch, time, heads, head_width], already rotated
    value: Array  # [layers, batch, time, heads, head_width]


class Block(nnx.Module):
    """One layer: attention, then a gated feed-forward, each normalised first and added back."""

    def __init__(self, config: DecoderConfig, *, rngs: nnx.Rngs):
        self.heads = config.heads
        into = nnx.initializers.lecun_normal()
        # A layer starts by adding nothing: what it adds at random would drown the embeddings, and
        # a small model would take long to recover from that.
        back = nnx.initializers.zeros_init()

        def linear(inputs: int, outputs: int, init: nnx.Initializer) -> nnx.Linear:
            return nnx.Linear(inputs, outputs, use_bias=False, kernel_init=init, rngs=rngs)

        self.attention_norm = _norm(config, rngs)
        # One product for queries, keys and values, and one for gate and up: small matrix products
        # are bound by their overhead.
        self.query_key_value = linear(config.width, 3 * config.width, into)
        self.attention_out = linear(config.width, config.width, back)
        self.feed_forward_norm = _norm(config, rngs)
        self.gate_up = linear(config.width, 2 * config.hidden, into)
        self.down = linear(config.hidden, config.width, back)

    def __call__(
        self, stream: Array, turn: Rotation, mask: Array
    ) -> tuple[Array, tuple[Array, Array]]:
        """Runs the layer on whole sequences and returns its keys and values too."""
        query, key, value = self.heads_of(stream, turn)
        # The weights of attention are by far the largest thing a backward pass could keep;
        # computing them again is cheaper than writing and reading them.
        attended = jax.checkpoint(attend_causal)(query, key, value, mask)
        return self.add(stream, attended), (key, value)

    def heads_of(self, stream: Array, turn: Rotation) -> tuple[Array, Array, Array]:
        """Rotated query, rotated key and value, each [..., heads, head_width]."""
        fused = self.query_key_value(self.attention_norm(stream))
        query, key, value = (
            part.reshape(*stream.shape[:-1], self.heads, -1)
            for part in jnp.split(fused, 3, axis=-1)
        )
        return rotate(query, turn), rotate(key, turn), value

    def add(self, stream: Array, attended: Array) -> Array:
        """The residual stream after attention's result and the feed-forward have been added."""
        stream = stream + self.attention_out(attended.reshape(stream.shape))
        gate, up = jnp.split(self.gate_up(self.feed_forward_norm(stream)), 2, axis=-1)
        return stream + self.down(jax.nn.silu(gate) * up)


class Decoder(nnx.Module):
    """Token embedding, stacked blocks, final norm and, unless tied, an output layer."""

    def __init__(self, config: DecoderConfig, *, rngs: nnx.Rngs):
        @nnx.split_rngs(splits=config.layers)
        @nnx.vmap(in_axes=0, out_axes=0)
        def stacked(layer_rngs: nnx.Rngs) -> Block:
            return Block(config, rngs=layer_rngs)

        self.embedding = nnx.Embed(
            config.vocab_size,
            config.width,
            embedding_init=nnx.initializers.normal(config.width**-0.5),
            rngs=rngs,
        )
        self.blocks = stacked(rngs)
        self.norm = _norm(config, rngs)
        if not config.tie_embeddings:
            self.head = nnx.Linear(config.width, config.vocab_size, use_bias=False, rngs=rngs)


def init(config: DecoderConfig, key: Array) -> Params:
    """Fresh parameters.

    Args:
        config: Shape of the decoder.
        key: Typed PRNG key.

    Returns:
        Nested dict of float32 arrays; under "blocks" every array leads with the layer axis.
    """
    return nnx.to_pure_dict(nnx.state(Decoder(config, rngs=nnx.Rngs(key)), nnx.Param))


def abstract_params(config: DecoderConfig) -> Params:
    """`init` without computing: a `jax.ShapeDtypeStruct` for every parameter."""
    return jax.eval_shape(lambda: init(config, jax.random.key(0)))


def embed(params: Params, tokens: Array) -> Array:
    """Embeddings [..., width] of tokens [...]."""
    return params["embedding"]["embedding"][tokens]


def logits(params: Params, config: DecoderConfig, hidden: Array) -> Array:
    """Next-token scores [..., vocab] float32 of normalised hidden states [..., width]."""
    head = params["embedding"]["embedding"].T if config.tie_embeddings else params["head"]["kernel"]
    return jnp.matmul(hidden, head, preferred_element_type=jnp.float32)


def hidden_states(
    params: Params, config: DecoderConfig, embeddings: Array, position: Array, mask: Array
) -> Array:
    """Reads whole sequences.

    Args:
        params: Of `init`.
        config: Shape of the decoder.
        embeddings: [batch, time, width], of tokens or of anything else.
        position: [batch, time] int32, the place of each token in its sequence.
        mask: [batch, time, time] bool, true where a token (row) may look at another (column), none
            of which stands behind it.

    Returns:
        [batch, time, width], after the final norm.
    """
    return read(params, config, embeddings, position, mask)[0]


def read(
    params: Params, config: DecoderConfig, embeddings: Array, position: Array, mask: Array
) -> tuple[Array, KeyValues]:
    """`hidden_states` together with the keys and values of every layer, to decode from."""
    turn = rotation(position, config.head_width, config.rope_theta)

    def layer(stream: Array, block_params: Params) -> tuple[Array, tuple[Array, Array]]:
        return _block(config, block_params)(stream, turn, mask)

    stream, (key, value) = jax.lax.scan(layer, embeddings, params["blocks"])
    return final_norm(params, config, stream), KeyValues(key=key, value=value)


def blocks(params: Params, config: DecoderConfig) -> list[Block]:
    """The layers one by one, for code that unrolls them."""
    return [
        _block(config, jax.tree.map(lambda stacked, i=i: stacked[i], params["blocks"]))
        for i in range(config.layers)
    ]


def final_norm(params: Params, config: DecoderConfig, stream: Array) -> Array:
    """Normalises what the last layer left, as `logits` expects it."""
    return nnx.merge(_graph_of_norm(config), params["norm"])(stream)


def _norm(config: DecoderConfig, rngs: nnx.Rngs) -> nnx.RMSNorm:
    return nnx.RMSNorm(config.width, epsilon=config.norm_epsilon, rngs=rngs)


def _block(config: DecoderConfig, params: Params) -> Block:
    return nnx.merge(_graph_of_block(config), params)


# Building a module to learn its structure takes milliseconds; once per configuration is enough.
@lru_cache(maxsize=64)
def _graph_of_block(config: DecoderConfig) -> nnx.GraphDef[Block]:
    return nnx.graphdef(nnx.eval_shape(lambda: Block(config, rngs=nnx.Rngs(0))))


@lru_cache(maxsize=64)
def _graph_of_norm(config: DecoderConfig) -> nnx.GraphDef[nnx.RMSNorm]:
    return nnx.graphdef(nnx.eval_shape(lambda: _norm(config, nnx.Rngs(0))))
