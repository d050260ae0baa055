"""Every family without torch: cached decoding, and `config.json` in old and new words."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import transformers

from elmjax.lm.config import DecoderConfig, LayerKind
from elmjax.lm.hugging_face import FAMILIES, config_from_hugging_face
from elmjax.lm.log_prob import completion_log_probs
from elmjax.lm.prompt import pad_prompts
from elmjax.lm.sampler import compiled_sample

VOCABULARY, PROMPT, NEW = 61, 9, 12
LLAMA = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-6,
    "hidden_act": "silu",
}
GPT = {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64}
WINDOWED = {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1}
STRETCHED = {
    "linear": {"rope_type": "linear", "factor": 4.0},
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
    "llama3": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 16,
    },
}
MODELS: dict[str, tuple[str, dict]] = {
    "gpt2": ("gpt2", GPT),
    "codegen": ("codegen", GPT | {"rotary_dim": 4}),
    "gptj": ("gptj", GPT | {"rotary_dim": 4}),
    "llama": ("llama", LLAMA),
    "qwen2": ("qwen2", LLAMA),
    "qwen2 windowed": ("qwen2", LLAMA | WINDOWED),
    "qwen3": ("qwen3", LLAMA | {"head_dim": 16}),
    "starcoder2": ("starcoder2", LLAMA | {"sliding_window": 5}),
    "smollm3": ("smollm3", LLAMA | {"no_rope_layer_interval": 2}),
    "gemma3": ("gemma3_text", LLAMA | {"sliding_window": 5, "sliding_window_pattern": 2}),
} | {
    f"llama {name}": ("llama", LLAMA | {"rope_parameters": {"rope_theta": 10_000.0, **rope}})
    for name, rope in STRETCHED.items()
}


def decoder_of(family: str, settings: dict) -> DecoderConfig:
    """From the file that transformers would write."""
    content = transformers.AutoConfig.for_model(family, **settings).to_dict()
    return config_from_hugging_face(content)


def test_every_family_is_tried():
    assert {family for family, _ in MODELS.values()} == set(FAMILIES)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_cached_decoding_is_the_full_pass(name, loud_params):
    """What the sampler reports of its tokens, a pass over the whole sequences computes too."""
    config = decoder_of(*MODELS[name])
    params = loud_params(config)
    rng = np.random.default_rng(4)
    prompt = pad_prompts(
        [rng.integers(0, VOCABULARY, length).tolist() for length in (PROMPT, PROMPT - 3)],
        buckets=(PROMPT,),
    )
    # Large weights make sharp choices; a high temperature has all tokens drawn.
    how = {"temperature": jnp.float32(8.0), "top_p": jnp.float32(1.0)}
    sample = compiled_sample(config, 2, NEW, VOCABULARY)
    drawn = sample(params, prompt, jax.random.key(0), how)
    assert len(np.unique(drawn.tokens)) > 10
    each = jax.tree.map(lambda leaf: jnp.repeat(leaf, 2, axis=0), prompt)
    score = jax.jit(completion_log_probs, static_argnums=1)

    def apart(config: DecoderConfig) -> float:
        scored = score(
            params,
            config,
            each,
            drawn.tokens.reshape(4, NEW),
            drawn.length.reshape(4),
            temperature=8.0,
        )
        return float(jnp.abs(scored.log_prob - drawn.log_prob.reshape(4, NEW)).max())

    assert apart(config) < 1e-4
    assert apart(wrong(config)) > 1e-2


def wrong(config: DecoderConfig) -> DecoderConfig:
    """A model that a mistake in the windows or the stretching would make of it."""
    kinds = tuple(map(_wrong_kind, config.kinds))
    return dataclasses.replace(config, kinds=kinds)


def _wrong_kind(kind: LayerKind) -> LayerKind:
    if kind.window is not None:
        return dataclasses.replace(kind, window=None)
    if kind.rope is not None and kind.rope.scaling is not None:
        return dataclasses.replace(kind, rope=dataclasses.replace(kind.rope, scaling=None))
    return dataclasses.replace(kind, window=4)


def llama(**own) -> dict:
    return {"model_type": "llama", **LLAMA, **own}


def gemma(**own) -> dict:
    return {"model_type": "gemma3_text", **LLAMA, "sliding_window": 7, **own}


def qwen(**own) -> dict:
    return {"model_type": "qwen2", **LLAMA, **own}


def smol(**own) -> dict:
    return {"model_type": "smollm3", **LLAMA, **own}


S, F = "sliding_attention", "full_attention"
# The same model in words of before and of since transformers 5.
WORDS = {
    "theta": (
        llama(rope_theta=5e5),
        llama(rope_parameters={"rope_type": "default", "rope_theta": 5e5}),
    ),
    "linear": (
        llama(rope_theta=1e4, rope_scaling={"type": "linear", "factor": 2.0}),
        llama(rope_parameters={"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}),
    ),
    "llama3": (
        llama(rope_theta=5e5, rope_scaling=STRETCHED["llama3"]),
        llama(rope_parameters={"rope_theta": 5e5, **STRETCHED["llama3"]}),
    ),
    "yarn": (
        llama(rope_theta=1e6, rope_scaling={**STRETCHED["yarn"], "type": "yarn"}),
        llama(rope_parameters={"rope_theta": 1e6, **STRETCHED["yarn"]}),
    ),
    "no stretching": (llama(rope_theta=1e4, rope_scaling=None), llama(rope_theta=1e4)),
    "heads": (
        {name: value for name, value in llama().items() if name != "head_dim"},
        llama(head_dim=8),
    ),
    "type of numbers": (llama(torch_dtype="bfloat16"), llama(dtype="bfloat16")),
    "two ropes": (
        gemma(rope_theta=1e6, rope_local_base_freq=2e4, layer_types=[S, F, S]),
        gemma(
            layer_types=[S, F, S],
            rope_parameters={
                S: {"rope_type": "default", "rope_theta": 2e4},
                F: {"rope_type": "default", "rope_theta": 1e6},
            },
        ),
    ),
    "two ropes, one stretched": (
        gemma(
            rope_theta=1e6,
            rope_local_base_freq=1e4,
            rope_scaling={"rope_type": "linear", "factor": 8.0},
            layer_types=[S, F, S],
        ),
        gemma(
            layer_types=[S, F, S],
            rope_parameters={
                S: {"rope_type": "default", "rope_theta": 1e4},
                F: {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            },
        ),
    ),
    "windows by a pattern": (gemma(sliding_window_pattern=2), gemma(layer_types=[S, F, S])),
    "windows by a number": (
        qwen(**WINDOWED),
        qwen(use_sliding_window=True, sliding_window=5, layer_types=[F, S, S]),
    ),
    "windows not used": (
        qwen(use_sliding_window=False, sliding_window=5),
        qwen(sliding_window=None, layer_types=[F, F, F]),
    ),
    "layers without positions": (
        smol(no_rope_layer_interval=2),
        smol(no_rope_layers=[1, 0, 1], layer_types=[F, F, F]),
    ),
}


@pytest.mark.parametrize("what", WORDS)
def test_old_and_new_words_mean_the_same(what):
    old, new = map(config_from_hugging_face, WORDS[what])
    assert old.plain() == new.plain()


@pytest.mark.parametrize("what", ["theta", "linear", "llama3", "yarn", "two ropes"])
def test_the_words_are_read_at_all(what):
    """Without them both would be the same default."""
    plain = gemma(layer_types=[S, F, S]) if what == "two ropes" else llama()
    for content in WORDS[what]:
        assert config_from_hugging_face(content) != config_from_hugging_face(plain)


@pytest.mark.parametrize("family", sorted({family for family, _ in MODELS.values()}))
def test_a_key_that_is_missing_is_named(family):
    settings = next(own for name, own in MODELS.values() if name == family)
    content = transformers.AutoConfig.for_model(family, **settings).to_dict()
    name = "hidden_size" if "hidden_size" in settings else "n_embd"
    del content[name]
    with pytest.raises(ValueError, match=f"lacks '{name}'"):
        config_from_hugging_face(content)
