import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm import decoder
from elmjax.lm.attention import causal_mask
from elmjax.lm.config import DecoderConfig

TOKENS = jax.random.randint(jax.random.key(1), (2, 9), 0, 50)
POSITION = jnp.broadcast_to(jnp.arange(9, dtype=jnp.int32), (2, 9))
LENGTH = jnp.array([9, 5], jnp.int32)


@partial(jax.jit, static_argnums=1)
def scores(params, config, tokens=TOKENS, position=POSITION):
    embeddings = decoder.embed(params, tokens)
    mask = causal_mask(LENGTH, tokens.shape[1])
    hidden = decoder.hidden_states(params, config, embeddings, position, mask)
    return decoder.logits(params, config, hidden)


def plain_reference(params, config, tokens):
    """One sequence through the equations, position by position, in float64 NumPy."""
    weights = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    blocks, half = weights["blocks"], config.head_width // 2

    def norm(x, scale):
        return x / np.sqrt(np.mean(x**2) + config.norm_epsilon) * scale

    def turned(vector, place):
        angle = place * config.kinds[0].rope.theta ** -(np.arange(half) / half)
        pair = (vector[:half] + 1j * vector[half:]) * np.exp(1j * angle)
        return np.concatenate([pair.real, pair.imag])

    stream = [weights["embedding"]["embedding"][token] for token in tokens]
    for layer in range(config.layers):
        of = {name: next(iter(block.values()))[layer] for name, block in blocks.items()}
        fused = [norm(x, of["attention_norm"]) @ of["query_key_value"] for x in stream]
        parts = [np.split(x, 3) for x in fused]
        for place in range(len(stream)):
            attended = []
            for head in range(config.heads):
                cut = slice(head * config.head_width, (head + 1) * config.head_width)
                query = turned(parts[place][0][cut], place)
                keys = [turned(parts[seen][1][cut], seen) for seen in range(place + 1)]
                weight = np.exp([query @ key / np.sqrt(config.head_width) for key in keys])
                values = [parts[seen][2][cut] for seen in range(place + 1)]
                attended.append(weight @ np.array(values) / weight.sum())
            stream[place] = stream[place] + np.concatenate(attended) @ of["attention_out"]
            inner = norm(stream[place], of["feed_forward_norm"]) @ of["gate_up"]
            gate, up = np.split(inner, 2)
            stream[place] = stream[place] + (gate / (1 + np.exp(-gate)) * up) @ of["down"]
    final = np.array([norm(x, weights["norm"]["scale"]) for x in stream])
    head = weights["head"]["kernel"] if "head" in weights else weights["embedding"]["embedding"].T
    return final @ head


@pytest.mark.parametrize("tied", [True, False])
def test_agrees_with_the_equations_written_out(config, loud_params, tied):
    config = dataclasses.replace(config, tie_embeddings=tied)
    params = loud_params(config)
    got = scores(params, config)
    for row, length in enumerate(LENGTH):
        wanted = plain_reference(params, config, TOKENS[row, :length].tolist())
        np.testing.assert_allclose(got[row, :length], wanted, rtol=1e-4, atol=1e-4)


def test_only_distances_between_positions_matter(config, params):
    shifted = scores(params, config, position=POSITION + 37)
    np.testing.assert_allclose(shifted, scores(params, config), atol=2e-4)
    stretched = scores(params, config, position=POSITION * 3)
    assert np.abs(stretched - scores(params, config)).max() > 0.1


def test_padding_and_the_future_are_inert(config, params):
    before = scores(params, config)
    padded = TOKENS.at[1, 5:].set(49)
    np.testing.assert_array_equal(scores(params, config, padded)[1, :5], before[1, :5])
    future = TOKENS.at[:, 4].set(7)
    np.testing.assert_array_equal(scores(params, config, future)[:, :4], before[:, :4])
    assert np.all(np.any(scores(params, config, future)[0, 4:] != before[0, 4:], axis=-1))


def test_masked_tokens_get_no_gradient(config, params):
    @jax.jit
    def loss(embeddings):
        mask = causal_mask(LENGTH, 9)
        return decoder.hidden_states(params, config, embeddings, POSITION, mask)[1, :5].sum()

    slope = jax.grad(loss)(decoder.embed(params, TOKENS))
    assert np.all(np.isfinite(slope))
    np.testing.assert_array_equal(slope[1, 5:], 0.0)
    np.testing.assert_array_equal(slope[0], 0.0)
    assert np.all(np.any(slope[1, :5] != 0.0, axis=-1))


def test_init_is_finite_varied_and_repeatable(config):
    params = decoder.init(config, jax.random.key(3))
    again = decoder.init(config, jax.random.key(3))
    jax.tree.map(np.testing.assert_array_equal, params, again)
    kernel = params["blocks"]["gate_up"]["kernel"]
    assert not np.allclose(kernel[0], kernel[1])  # layers draw from different keys
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(params))


def test_layers_start_by_adding_nothing(config):
    params = decoder.init(config, jax.random.key(3))
    tokens = jnp.arange(6)[None]
    mask = jnp.tril(jnp.ones((1, 6, 6), bool))
    embedded = decoder.embed(params, tokens)
    hidden = decoder.hidden_states(params, config, embedded, tokens, mask)
    size = jnp.sqrt(jnp.mean(embedded**2, axis=-1, keepdims=True) + config.norm_epsilon)
    np.testing.assert_allclose(hidden, embedded / size, rtol=1e-5)


def test_abstract_params_are_the_shapes_of_init(config):
    shapes = jax.tree.map(lambda leaf: leaf.shape, decoder.abstract_params(config))
    assert shapes == jax.tree.map(lambda leaf: leaf.shape, decoder.init(config, jax.random.key(0)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"layers": 0}, "layers must be at least 1"), ({"width": 36}, "width 36 and heads 4")],
)
def test_impossible_shapes_are_refused(config, wrong, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(config, **wrong)


def test_config_can_key_a_compilation():
    shape = {"vocab_size": 50, "layers": 2, "width": 32, "heads": 4, "hidden": 48}
    assert hash(DecoderConfig(**shape)) == hash(DecoderConfig(**shape))
