"""Every family against `transformers` and torch, on tiny models with large random weights.

Runs where torch is installed: `pip install torch` (CPU is enough).
"""

import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest
import tokenizers

from elmjax.lm import decoder, store
from elmjax.lm.config import DecoderConfig, LayerKind
from elmjax.lm.decoder import Params
from elmjax.lm.hub_tokenizer import HubTokenizer
from elmjax.lm.hugging_face import (
    FAMILIES,
    config_from_hugging_face,
    tensors_from_hugging_face,
    tensors_to_hugging_face,
)
from elmjax.lm.rope import Rope
from elmjax.lm.store import LanguageModel
from elmjax.lm.weights import open_weights

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")
transformers = pytest.importorskip("transformers")

TOLERANCE = 1e-4
VOCABULARY, LENGTH = 97, 24

LLAMA_LIKE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
GPT_LIKE = {
    "vocab_size": VOCABULARY,
    "n_embd": 32,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 64,
    "n_ctx": 64,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
ROPES = {
    "linear": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10_000.0},
    "yarn": {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 16,
        "rope_theta": 10_000.0,
    },
    "llama3": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 16,
        "rope_theta": 10_000.0,
    },
}
WINDOWED = {"use_sliding_window": True, "sliding_window": 7, "max_window_layers": 2}

# Family and settings of a model of each, by name.
MODELS: dict[str, tuple[str, dict]] = {
    "gpt2": ("gpt2", GPT_LIKE),
    "codegen": ("codegen", GPT_LIKE | {"rotary_dim": 4}),
    "gptj": ("gptj", GPT_LIKE | {"rotary_dim": 4, "tie_word_embeddings": False}),
    "llama": ("llama", LLAMA_LIKE),
    "llama with biases": ("llama", LLAMA_LIKE | {"attention_bias": True, "mlp_bias": True}),
    "qwen2": ("qwen2", LLAMA_LIKE),
    "qwen2 windowed": ("qwen2", LLAMA_LIKE | WINDOWED),
    "qwen3": ("qwen3", LLAMA_LIKE | {"head_dim": 16}),
    "starcoder2": ("starcoder2", LLAMA_LIKE | {"sliding_window": 7}),
    "smollm3": ("smollm3", LLAMA_LIKE | {"no_rope_layer_interval": 2}),
    "gemma3": (
        "gemma3_text",
        LLAMA_LIKE | {"head_dim": 16, "sliding_window": 7, "query_pre_attn_scalar": 16},
    ),
} | {f"llama {name}": ("llama", LLAMA_LIKE | {"rope_parameters": r}) for name, r in ROPES.items()}


def make(family: str, settings: dict):
    """A model of transformers with weights so large that every mistake shows."""
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(family, **settings)
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.float().eval()


def tokens() -> np.ndarray:
    return np.random.default_rng(1).integers(1, VOCABULARY, (2, LENGTH))


def theirs(model) -> np.ndarray:
    with torch.no_grad():
        return model(torch.asarray(tokens())).logits.numpy()


def ours(params: Params, config: DecoderConfig) -> np.ndarray:
    ids = jnp.asarray(tokens())
    position = jnp.broadcast_to(jnp.arange(LENGTH), ids.shape)
    mask = jnp.broadcast_to(jnp.tril(jnp.ones((LENGTH, LENGTH), bool)), (len(ids), LENGTH, LENGTH))
    hidden = decoder.hidden_states(params, config, decoder.embed(params, ids), position, mask)
    return np.asarray(decoder.logits(params, config, hidden))


def distance(got: np.ndarray, wanted: np.ndarray) -> float:
    """Largest difference as a share of the largest logit."""
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


@pytest.fixture(scope="module", params=MODELS)
def saved(request, tmp_path_factory):
    """A model, and what is read from the folder that it saved."""
    family, settings = MODELS[request.param]
    model = make(family, settings)
    folder = tmp_path_factory.mktemp("model")
    model.save_pretrained(folder)
    config = config_from_hugging_face(json.loads((folder / "config.json").read_text()))
    params = tensors_from_hugging_face(open_weights(folder), config, family)
    return family, model, config, params


def test_every_family_is_tried() -> None:
    assert {family for family, _ in MODELS.values()} == set(FAMILIES)


def test_logits_are_those_of_transformers(saved) -> None:
    _, model, config, params = saved
    assert distance(ours(params, config), theirs(model)) < TOLERANCE


def test_what_is_saved_has_the_tensors_that_were_read(saved) -> None:
    family, model, config, params = saved
    written = tensors_to_hugging_face(params, config, family)
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    for name, tensor in written.items():
        np.testing.assert_array_equal(tensor, state[name], err_msg=name)


def other_window(kind: LayerKind) -> LayerKind:
    return dataclasses.replace(kind, window=3 if kind.window is None else None)


def other_rope(kind: LayerKind) -> LayerKind:
    """Stretched no more, or in other pairs, or turning where nothing turns."""
    if kind.rope is None:
        rope = Rope()
    elif kind.rope.scaling is not None:
        rope = dataclasses.replace(kind.rope, scaling=None)
    else:
        rope = dataclasses.replace(kind.rope, neighbours=not kind.rope.neighbours)
    return dataclasses.replace(kind, rope=rope)


WRONG = {
    "activation": {"activation": "relu"},
    "norm_epsilon": {"norm_epsilon": 0.5},
    "window": other_window,
    "rope": other_rope,
    "score scale": {"query_scale": 0.1},
}


def turned_alike(kinds: tuple[LayerKind, ...]) -> tuple[LayerKind, ...]:
    """A decoder whose layers pair their components in two ways is no decoder of ours."""
    pairs = {kind.rope.neighbours for kind in kinds if kind.rope is not None}
    if len(pairs) < 2:
        return kinds
    return tuple(
        dataclasses.replace(kind, rope=dataclasses.replace(kind.rope, neighbours=True))
        for kind in kinds
    )


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_choice_shows(saved, what) -> None:
    """The comparison would see a mistake in each of the decoder's choices."""
    _, model, config, params = saved
    change = WRONG[what]
    if callable(change):
        change = {"kinds": turned_alike(tuple(map(change, config.kinds)))}
    wrong = dataclasses.replace(config, **change)
    assert distance(ours(params, wrong), theirs(model)) > 10 * TOLERANCE


def test_what_the_store_saves_transformers_loads(saved, tmp_path) -> None:
    """Under the family's own names, with no tensor missing or unknown, and the same logits."""
    family, model, config, params = saved
    words = {"<|endoftext|>": 0, **{f"word{i}": i for i in range(1, VOCABULARY)}}
    encoder = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<|endoftext|>"))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=encoder, eos_token="<|endoftext|>"
    )
    own = LanguageModel(
        params=params,
        config=config,
        tokenizer=HubTokenizer(tokenizer),
        source=json.loads(model.config.to_json_string()),
    )
    assert own.family == family
    store.save(tmp_path / "model", own)
    loaded, report = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "model", attn_implementation="eager", output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert type(loaded) is type(model)
    np.testing.assert_allclose(theirs(loaded.float().eval()), theirs(model), atol=1e-6)
    again = store.load(tmp_path / "model")
    assert again.config == config
