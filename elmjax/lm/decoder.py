"""The decoder-only transformer: Flax NNX modules for people, a pure nested dict across `jit`.

`nnx.jit` costs milliseconds of Python per call because it walks the module graph. Here the modules
are only rebuilt while tracing; what the compiled functions take is `Params`, with the parameters of
all blocks stacked on a leading layer axis, scanned over in training and indexed in decoding.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from elmjax.lm.attention import Rotation, attend_causal, capped, rotate, rotation
from elmjax.lm.config import Activation, DecoderConfig
from elmjax.lm.lora.linear import make_linear
from elmjax.lm.norm import make_norm

Params = dict[str, Any]

_ACTIVATIONS: dict[Activation, Callable[[Array], Array]] = {
    "silu": jax.nn.silu,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_tanh": partial(jax.nn.gelu, approximate=True),
    "relu": jax.nn.relu,
}


@flax.struct.dataclass
class KeyValues:
    """What attention remembers of the tokens read so far, for every layer."""

    key: Array  # [layers, batch, time, shared_heads, head_width], already rotated
    value: Array  # [layers, batch, time, shared_heads, head_width]


class Block(nnx.Module):
    """One layer: attention and a feed-forward, which read a norm and are added to the stream."""

    def __init__(self, config: DecoderConfig, *, rngs: nnx.Rngs):
        self.config = config
        width, hidden = config.width, config.hidden
        into = nnx.initializers.lecun_normal()
        # A layer starts by adding nothing: what it adds at random would drown the embeddings, and
        # a small model would take long to recover from that.
        back = nnx.initializers.zeros_init()

        def linear(name: str, shape: tuple[int, int], bias: bool, init: nnx.Initializer) -> Any:
            how: dict[str, Any] = {"use_bias": bias, "kernel_init": init, "rngs": rngs}
            return make_linear(config.lora, name, *shape, **how)

        self.attention_norm = make_norm(config, width, rngs)
        # One product for queries, keys and values, and one for gate and up: small matrix products
        # are bound by their overhead.
        fused = (width, sum(config.projections))
        self.query_key_value = linear("query_key_value", fused, config.query_key_value_bias, into)
        if config.query_key_norm:
            self.query_norm = make_norm(config, config.head_width, rngs)
            self.key_norm = make_norm(config, config.head_width, rngs)
        self.attention_out = linear(
            "attention_out", (config.projections[0], width), config.attention_out_bias, back
        )
        if not config.parallel:
            self.feed_forward_norm = make_norm(config, width, rngs)
        if config.norm_after:
            self.attention_after_norm = make_norm(config, width, rngs)
            self.feed_forward_after_norm = make_norm(config, width, rngs)
        if config.gated:
            self.gate_up = linear("gate_up", (width, 2 * hidden), config.feed_forward_bias, into)
        else:
            self.up = linear("up", (width, hidden), config.feed_forward_bias, into)
        self.down = linear("down", (hidden, width), config.feed_forward_bias, back)

    def __call__(
        self, stream: Array, turn: Rotation | None, mask: Array
    ) -> tuple[Array, tuple[Array, Array]]:
        """Runs the layer on whole sequences and returns its keys and values too."""
        query, key, value = self.heads_of(stream, turn)
        attend = partial(
            attend_causal, scale=self.config.score_scale, cap=self.config.attention_cap
        )
        # The weights of attention are by far the largest thing a backward pass could keep;
        # computing them again is cheaper than writing and reading them.
        attended = jax.checkpoint(attend)(query, key, value, mask)
        return self.add(stream, attended), (key, value)

    def heads_of(self, stream: Array, turn: Rotation | None) -> tuple[Array, Array, Array]:
        """Rotated query, rotated key and value, each [..., heads, head_width]."""
        fused = self.query_key_value(self.attention_norm(stream))
        queries, keys, _ = self.config.projections
        query, key, value = (
            part.reshape(*stream.shape[:-1], -1, self.config.head_width)
            for part in jnp.split(fused, [queries, queries + keys], axis=-1)
        )
        if self.config.query_key_norm:
            query, key = self.query_norm(query), self.key_norm(key)
        return rotate(query, turn), rotate(key, turn), value

    def add(self, stream: Array, attended: Array) -> Array:
        """The residual stream after attention's result and the feed-forward have been added.

        Args:
            stream: [..., width], what the layer reads.
            attended: [..., heads, head_width].
        """
        # Computed after the product, XLA would do it once more for every use of the stream.
        beside = self._feed_forward(self.attention_norm(stream)) if self.config.parallel else None
        added = self.attention_out(attended.reshape(*stream.shape[:-1], -1))
        if self.config.norm_after:
            added = self.attention_after_norm(added)
        if beside is not None:
            return stream + added + beside
        stream = stream + added
        added = self._feed_forward(self.feed_forward_norm(stream))
        if self.config.norm_after:
            added = self.feed_forward_after_norm(added)
        return stream + added

    def _feed_forward(self, normed: Array) -> Array:
        activate = _ACTIVATIONS[self.config.activation]
        if not self.config.gated:
            return self.down(activate(self.up(normed)))
        gate, up = jnp.split(self.gate_up(normed), 2, axis=-1)
        return self.down(activate(gate) * up)


class Decoder(nnx.Module):
    """Token embedding, stacked blocks, final norm and, unless tied, an output layer."""

    def __init__(self, config: DecoderConfig, *, rngs: nnx.Rngs):
        @nnx.split_rngs(splits=config.layers)
        @nnx.vmap(in_axes=0, out_axes=0)
        def stacked(layer_rngs: nnx.Rngs) -> Block:
            return Block(config, rngs=layer_rngs)

        def table(rows: int) -> nnx.Embed:
            scale = config.width**-0.5
            normal = nnx.initializers.normal(scale)
            return nnx.Embed(rows, config.width, embedding_init=normal, rngs=rngs)

        self.embedding = table(config.vocab_size)
        self.blocks = stacked(rngs)
        self.norm = make_norm(config, config.width, rngs)
        if config.learned_positions:
            self.position = table(config.learned_positions)
        if not config.tie_embeddings:
            self.head = nnx.Linear(
                config.width, config.vocab_size, use_bias=config.head_bias, rngs=rngs
            )


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


def begin(params: Params, config: DecoderConfig, embeddings: Array, position: Array) -> Array:
    """What the first layer reads.

    Args:
        params: Of `init`.
        config: Shape of the decoder.
        embeddings: [..., width], of tokens or of anything else.
        position: [...] int32.
    """
    if config.embedding_scale != 1.0:
        embeddings = embeddings * jnp.asarray(config.embedding_scale, embeddings.dtype)
    if config.learned_positions:
        embeddings = embeddings + params["position"]["embedding"][position]
    return embeddings


def rotations(config: DecoderConfig, position: Array) -> list[Rotation | None]:
    """How each kind of layer turns queries and keys at positions [...]."""
    return [
        None if kind.rope is None else rotation(position, config.head_width, kind.rope)
        for kind in config.kinds
    ]


def logits(params: Params, config: DecoderConfig, hidden: Array) -> Array:
    """Next-token scores [..., vocab] float32 of normalised hidden states [..., width]."""
    head = params["embedding"]["embedding"].T if config.tie_embeddings else params["head"]["kernel"]
    scores = jnp.matmul(hidden, head, preferred_element_type=jnp.float32)
    if "bias" in params.get("head", {}):
        scores = scores + params["head"]["bias"]
    return capped(scores, config.logit_cap)


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
            of which stands behind it. Windows are laid over it, by the distance of positions.

    Returns:
        [batch, time, width], after the final norm.
    """
    return read(params, config, embeddings, position, mask)[0]


def read(
    params: Params, config: DecoderConfig, embeddings: Array, position: Array, mask: Array
) -> tuple[Array, KeyValues]:
    """`hidden_states` together with the keys and values of every layer, to decode from."""
    of_kind = _of_kinds(config, position, mask)

    def layer(stream: Array, own: tuple[Params, Array]) -> tuple[Array, tuple[Array, Array]]:
        block_params, kind = own
        return _block(config, block_params)(stream, *of_kind(kind))

    stream, (key, value) = jax.lax.scan(
        jax.checkpoint(layer) if config.recompute else layer,
        begin(params, config, embeddings, position),
        (params["blocks"], jnp.array(config.pattern or (0,) * config.layers, jnp.int32)),
    )
    return final_norm(params, config, stream), KeyValues(key=key, value=value)


def _of_kinds(
    config: DecoderConfig, position: Array, mask: Array
) -> Callable[[Array], tuple[Rotation | None, Array]]:
    """Rotation and mask of a layer, from the traced number of its kind."""
    turns = rotations(config, position)
    if len(config.kinds) == 1:
        only = (turns[0], _within(config.kinds[0].window, position, mask))
        return lambda _: only
    # Kinds are data of the scan, so a layer that turns nothing turns by nothing.
    some = next((turn for turn in turns if turn is not None), None)
    stacked = some and jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *[_or_still(turn, some) for turn in turns]
    )
    everything = jnp.iinfo(jnp.int32).max
    windows = jnp.array([kind.window or everything for kind in config.kinds], jnp.int32)

    def of_kind(kind: Array) -> tuple[Rotation | None, Array]:
        turn = stacked and jax.tree.map(lambda leaf: leaf[kind], stacked)
        return turn, _within(windows[kind], position, mask)

    return of_kind


def _or_still(turn: Rotation | None, like: Rotation) -> Rotation:
    if turn is not None:
        return turn
    return dataclasses.replace(
        like, cosine=jnp.ones_like(like.cosine), sine=jnp.zeros_like(like.sine)
    )


def _within(window: Array | int | None, position: Array, mask: Array) -> Array:
    if window is None:
        return mask
    return mask & (position[:, :, None] - position[:, None, :] < window)


def blocks(params: Params, config: DecoderConfig) -> list[Block]:
    """The layers one by one, for code that unrolls them."""
    return [
        _block(config, jax.tree.map(lambda stacked, i=i: stacked[i], params["blocks"]))
        for i in range(config.layers)
    ]


def final_norm(params: Params, config: DecoderConfig, stream: Array) -> Array:
    """Normalises what the last layer left, as `logits` expects it."""
    return nnx.merge(_graph_of_norm(config), params["norm"])(stream)


def _block(config: DecoderConfig, params: Params) -> Block:
    return nnx.merge(_graph_of_block(config), params)


# Building a module to learn its structure takes milliseconds; once per configuration is enough.
@lru_cache(maxsize=64)
def _graph_of_block(config: DecoderConfig) -> nnx.GraphDef[Block]:
    return nnx.graphdef(nnx.eval_shape(lambda: Block(config, rngs=nnx.Rngs(0))))


@lru_cache(maxsize=64)
def _graph_of_norm(config: DecoderConfig) -> nnx.GraphDef[nnx.Module]:
    return nnx.graphdef(nnx.eval_shape(lambda: make_norm(config, config.width, nnx.Rngs(0))))
