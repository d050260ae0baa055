"""Adapters beside frozen weights: what they start as, what is trained, what is merged."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.lora.adapters import init_adapters, join, merged, split, whole
from elmjax.lm.lora.targets import make_lora
from elmjax.lm.loss import target_scores
from elmjax.lm.packing import Document, pack
from elmjax.lm.training import Schedule, init_state, loss_and_gradient, make_train_step

CONFIG = DecoderConfig(
    vocab_size=50, layers=2, width=32, heads=4, hidden=48, key_value_heads=2, head_size=8
)
BATCH = pack(
    [Document(prompt=[3, 4, 5], continuations=[[6, 7, 8], [9, 10]]), Document(prompt=[1, 2, 3])], 16
).batch
SCHEDULE = Schedule(peak=1e-2, warmup_steps=0.0, total_steps=100.0)
RANK, ALPHA = 3, 6.0

GRADIENT = jax.jit(loss_and_gradient, static_argnums=1)
SCORES = jax.jit(target_scores, static_argnums=1)


def adapted(targets=("q_proj", "v_proj", "up_proj", "o_proj")) -> DecoderConfig:
    lora = make_lora(CONFIG, "llama", rank=RANK, alpha=ALPHA, targets=targets)
    return dataclasses.replace(CONFIG, lora=lora)


@pytest.fixture(scope="module")
def base(loud_params):
    return loud_params(CONFIG)


@pytest.fixture(scope="module")
def loud(base):
    """Adapters that matter."""
    config = adapted()
    generator = np.random.default_rng(1)
    return jax.tree.map(
        lambda leaf: jnp.asarray(0.3 * generator.normal(size=leaf.shape), jnp.float32),
        init_adapters(config, jax.random.key(0)),
    )


def test_fresh_adapters_change_no_bit(base):
    config = adapted()
    fresh = init_adapters(config, jax.random.key(0))
    with_them = SCORES(join(base, fresh), config, BATCH)
    np.testing.assert_array_equal(with_them, SCORES(base, CONFIG, BATCH))
    # They are no zeros: with those nothing could ever be learned.
    assert all(np.abs(pair["lora_a"]).min() > 0.0 for pair in fresh["blocks"].values())


def test_what_is_computed_is_the_papers_formula(base, loud):
    """W + (alpha / rank) A B of each part, put together by hand."""
    kernels = jax.tree.map(np.array, base)
    blocks, pairs = kernels["blocks"], jax.tree.map(np.array, loud)["blocks"]
    scale = ALPHA / RANK
    width = {"query": 32, "key": 16, "value": 16}
    a, b = pairs["query_key_value"]["lora_a"], pairs["query_key_value"]["lora_b"]
    fused = blocks["query_key_value"]["kernel"]
    fused[..., : width["query"]] += scale * a[..., :RANK] @ b[..., : width["query"]]
    fused[..., -width["value"] :] += scale * a[..., RANK:] @ b[..., width["query"] :]
    blocks["gate_up"]["kernel"][..., 48:] += (
        scale * pairs["gate_up"]["lora_a"] @ pairs["gate_up"]["lora_b"]
    )
    blocks["attention_out"]["kernel"] += (
        scale * pairs["attention_out"]["lora_a"] @ pairs["attention_out"]["lora_b"]
    )
    wanted = np.asarray(SCORES(kernels, CONFIG, BATCH))
    got = np.asarray(SCORES(join(base, loud), adapted(), BATCH))
    largest = np.abs(wanted).max()
    assert np.abs(got - wanted).max() < 1e-5 * largest
    assert np.abs(np.asarray(SCORES(base, CONFIG, BATCH)) - wanted).max() > 1e-2 * largest
    params, config = merged(join(base, loud), adapted())
    assert config == CONFIG
    assert np.abs(np.asarray(SCORES(params, config, BATCH)) - wanted).max() < 1e-5 * largest


def test_merging_leaves_the_frozen_weights_alone(base, loud):
    before = jax.tree.map(np.array, base)
    merged(join(base, loud), adapted())
    jax.tree.map(np.testing.assert_array_equal, base, before)


def test_joining_copies_nothing(base, loud):
    joined = join(base, loud)
    frozen, adapters = split(joined)
    for parts, wanted in ((frozen, base), (adapters, loud)):
        assert jax.tree.structure(parts) == jax.tree.structure(wanted)
        same = jax.tree.map(lambda a, b: a is b, parts, wanted)
        assert all(jax.tree.leaves(same))
    assert jax.tree.structure(joined) == jax.tree.structure(decoder.abstract_params(adapted()))


def test_the_optimiser_knows_the_adapters_alone():
    config = adapted()
    state = init_state(init_adapters(config, jax.random.key(0)))
    # Of A: inputs x rank for each part; of B: rank x outputs; in two layers.
    of_a = RANK * (2 * 32 + 32 + 32)
    of_b = RANK * ((32 + 16) + 48 + 32)
    count = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    assert count == CONFIG.layers * (of_a + of_b)
    (moments,) = [
        part
        for part in jax.tree.leaves(
            state.optimizer_state, is_leaf=lambda part: isinstance(part, optax.ScaleByAdamState)
        )
        if isinstance(part, optax.ScaleByAdamState)
    ]
    assert sum(leaf.size for leaf in jax.tree.leaves((moments.mu, moments.nu))) == 2 * count


def test_training_moves_adapters_and_no_weight(base):
    config = adapted()
    before = jax.tree.map(np.array, base)
    step = make_train_step(config)
    state = init_state(init_adapters(config, jax.random.key(0)))
    losses = []
    for _ in range(20):
        state, metrics = step(state, BATCH, SCHEDULE, base)
        losses.append(float(metrics.loss))
    assert losses[-1] < 0.7 * losses[0]
    jax.tree.map(np.testing.assert_array_equal, base, before)
    assert all(np.abs(pair["lora_b"]).max() > 0.0 for pair in state.params["blocks"].values())


@pytest.mark.slow
def test_the_gradient_is_that_of_the_weights_through_the_product(base, loud):
    """dA = scale dW B^T and dB = scale A^T dW, from the gradient of the merged weights."""
    config = adapted(("o_proj",))
    pair = {"blocks": {"attention_out": loud["blocks"]["attention_out"]}}
    params, plain = merged(join(base, pair), config)
    _, _, of_weights = GRADIENT(jax.tree.map(jnp.asarray, params), plain, BATCH)
    _, _, got = GRADIENT(pair, config, BATCH, frozen=base)
    slope = np.asarray(of_weights["blocks"]["attention_out"]["kernel"])
    a, b = (np.asarray(pair["blocks"]["attention_out"][name]) for name in ("lora_a", "lora_b"))
    scale = ALPHA / RANK
    wanted = {
        "lora_a": scale * slope @ b.swapaxes(1, 2),
        "lora_b": scale * a.swapaxes(1, 2) @ slope,
    }
    for name, leaf in got["blocks"]["attention_out"].items():
        np.testing.assert_allclose(leaf, wanted[name], rtol=1e-3, atol=1e-5, err_msg=name)


def test_adapters_without_weights_are_refused(loud):
    with pytest.raises(ValueError, match="there are none"):
        whole(loud, None, adapted())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": ["c_attn"]}, "no projection of llama is called 'c_attn'; wanted all-linear"),
        ({"targets": []}, "at least one projection"),
        ({"rank": 0}, "rank of adapters must be at least 1, got 0"),
        ({"alpha": 0.0}, "alpha must be positive"),
    ],
)
def test_adapters_that_cannot_be_are_refused(changes, message):
    given = {"rank": 2, "alpha": 1.0, "targets": ["q_proj"]}
    with pytest.raises(ValueError, match=message):
        make_lora(CONFIG, "llama", **given | changes)


@pytest.mark.slow
def test_recomputing_layers_gives_the_same_gradients(base, loud):
    """`recompute`, of all weights and of adapters."""
    for trained, frozen, config in ((base, None, CONFIG), (loud, base, adapted())):
        again = dataclasses.replace(config, recompute=True)
        kept = GRADIENT(trained, config, BATCH, frozen=frozen)
        recomputed = GRADIENT(trained, again, BATCH, frozen=frozen)
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), kept, recomputed
        )


def temporary_bytes(config: DecoderConfig, tokens: int, *, by_adapters: bool = False) -> int:
    """What the compiled gradient of a step takes beside its arguments and results."""
    shapes = decoder.abstract_params(config)
    frozen, trained = split(shapes) if by_adapters else (None, shapes)
    batch = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((1, tokens), leaf.dtype), BATCH)

    def gradient(trained, frozen, batch):
        return loss_and_gradient(trained, config, batch, frozen=frozen)

    compiled = jax.jit(gradient).lower(trained, frozen, batch).compile()
    return compiled.memory_analysis().temp_size_in_bytes


@pytest.mark.slow
def test_recomputing_layers_takes_less_memory():
    """Of eight layers the inputs are kept, and all of one at a time."""
    deep = DecoderConfig(vocab_size=16, layers=8, width=64, heads=4, hidden=256)
    kept = temporary_bytes(deep, 128)
    again = temporary_bytes(dataclasses.replace(deep, recompute=True), 128)
    assert again < 0.5 * kept


@pytest.mark.slow
def test_adapters_take_no_memory_as_large_as_the_weights():
    """Neither a second copy of the weights nor their gradient, which whole training gives."""
    wide = DecoderConfig(vocab_size=8, layers=4, width=256, heads=4, hidden=1024)
    lora = make_lora(wide, "llama", rank=2, alpha=4.0, targets=["all-linear"])
    weights = sum(4 * leaf.size for leaf in jax.tree.leaves(decoder.abstract_params(wide)))
    config = dataclasses.replace(wide, lora=lora)
    assert temporary_bytes(config, 16, by_adapters=True) < 0.6 * weights
