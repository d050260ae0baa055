import dataclasses
import json

import jax
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from elmjax.lm import decoder, store
from elmjax.lm.attention import causal_mask
from elmjax.lm.config import DecoderConfig, LayerKind
from elmjax.lm.rope import Rope
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def model(loud_params):
    tokenizer = Tokenizer.train(["x = 1\n"], entries=256)
    config = DecoderConfig(
        vocab_size=tokenizer.vocab_size + 3, layers=2, width=32, heads=4, hidden=48,
        kinds=(LayerKind(rope=Rope(theta=500.0)),), norm_epsilon=1e-4,
    )  # fmt: skip
    return LanguageModel(params=loud_params(config), config=config, tokenizer=tokenizer)


@pytest.fixture
def folder(model, tmp_path):
    store.save(tmp_path / "model", model)
    return tmp_path / "model"


def change_config(folder, **changes):
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**content, **changes}))


@pytest.mark.parametrize("tied", [True, False])
def test_round_trip_is_exact(model, loud_params, tmp_path, tied):
    config = dataclasses.replace(model.config, tie_embeddings=tied)
    model = dataclasses.replace(model, config=config, params=loud_params(config))
    store.save(tmp_path / "model", model)
    loaded = store.load(tmp_path / "model")
    assert loaded.config == config
    jax.tree.map(np.testing.assert_array_equal, loaded.params, model.params)
    assert loaded.tokenizer.encode("x = 1\n<|end|>") == model.tokenizer.encode("x = 1\n<|end|>")


def test_who_may_read_the_config_may_read_the_weights(folder):
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1


def test_half_precision_keeps_three_digits(model, tmp_path):
    store.save(tmp_path / "half", model, dtype="float16")
    assert load_file(tmp_path / "half/model.safetensors")["model.norm.weight"].dtype == np.float16
    loaded = store.load(tmp_path / "half")
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6),
        loaded.params, model.params,
    )  # fmt: skip
    loud = jax.tree.map(lambda leaf: leaf * 1e6, model.params)
    with pytest.raises(ValueError, match="float16 cannot hold"):
        store.save(tmp_path / "loud", dataclasses.replace(model, params=loud), dtype="float16")
    assert not (tmp_path / "loud").exists()


def test_saving_replaces_and_leaves_nothing_behind(model, folder):
    other = jax.tree.map(lambda leaf: leaf + 1.0, model.params)
    store.save(folder, dataclasses.replace(model, params=other))
    jax.tree.map(np.testing.assert_array_equal, store.load(folder).params, other)
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_failed_save_keeps_the_older_model(model, folder, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(Tokenizer, "save", full)
    with pytest.raises(OSError, match="no space"):
        store.save(folder, model)
    monkeypatch.undo()
    jax.tree.map(np.testing.assert_array_equal, store.load(folder).params, model.params)
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_missing_files_are_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"lacks {name}"):
        store.load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_damaged_files_are_named(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:30])
    with pytest.raises(ValueError, match=r"is damaged|is not a tokenizer\.json"):
        store.load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "mamba"}, "model_type must be one of gpt2, .*; got mamba"),
        ({"num_key_value_heads": 2}, r"k_proj.weight must have shape \(16, 32\), got \(32, 32\)"),
        ({"hidden_act": "mish"}, "the activation must be one of silu, .*; got mish"),
        ({"attention_bias": True}, r"the weights lack model\.layers\.0\.self_attn"),
        ({"rope_parameters": {"rope_type": "longrope", "rope_theta": 500.0}}, "longrope"),
        ({"num_hidden_layers": 3}, r"the weights lack model\.layers\.2\.input_layernorm"),
        ({"num_hidden_layers": 1}, "6 unknown tensors|7 unknown|9 unknown"),
        ({"intermediate_size": 50}, r"must have shape \(32, 50\), got \(32, 48\)"),
    ],
)
def test_configs_that_do_not_fit_are_refused(folder, changes, message):
    change_config(folder, **changes)
    with pytest.raises(ValueError, match=message):
        store.load(folder)


def test_a_missing_key_is_named(folder):
    content = json.loads((folder / "config.json").read_text())
    del content["rms_norm_eps"]
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="lacks 'rms_norm_eps'"):
        store.load(folder)


def test_parts_that_do_not_belong_together_are_refused(model, tmp_path):
    small = dataclasses.replace(model.config, vocab_size=50)
    with pytest.raises(ValueError, match="not those of the config"):
        store.save(tmp_path / "model", dataclasses.replace(model, config=small))
    params = decoder.init(small, jax.random.key(0))
    with pytest.raises(ValueError, match="the model embeds only 50"):
        store.save(tmp_path / "model", dataclasses.replace(model, config=small, params=params))


def test_the_older_key_of_rope_theta_is_read(model, folder):
    content = json.loads((folder / "config.json").read_text())
    del content["rope_parameters"]
    (folder / "config.json").write_text(json.dumps(content))
    assert store.load(folder).config == model.config


def test_transformers_reads_the_config_and_the_tokenizer(model, folder):
    from transformers import AutoConfig, AutoTokenizer

    config = AutoConfig.from_pretrained(folder)
    assert config.model_type == "llama"
    assert config.rope_parameters["rope_theta"] == 500.0
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = "x = 12\n<|end|>"
    assert tokenizer.encode(text, add_special_tokens=False) == model.tokenizer.encode(text)
    assert tokenizer.eos_token_id == model.tokenizer.end


@pytest.mark.parametrize("tied", [True, False])
def test_transformers_computes_the_same_logits(model, loud_params, tmp_path, tied):
    torch = pytest.importorskip("torch", reason="reference logits need torch")
    from transformers import LlamaForCausalLM

    config = dataclasses.replace(model.config, tie_embeddings=tied)
    model = dataclasses.replace(model, config=config, params=loud_params(config))
    store.save(tmp_path / "model", model)
    reference, report = LlamaForCausalLM.from_pretrained(
        tmp_path / "model", output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    tokens = np.random.default_rng(0).integers(0, config.vocab_size, (2, 12))
    with torch.no_grad():
        wanted = reference(torch.asarray(tokens)).logits.numpy()
    hidden = decoder.hidden_states(
        model.params, config, decoder.embed(model.params, tokens),
        np.broadcast_to(np.arange(12), (2, 12)), causal_mask(np.array([12, 12]), 12),
    )  # fmt: skip
    got = decoder.logits(model.params, config, hidden)
    np.testing.assert_allclose(got, wanted, atol=2e-4)


def test_unknown_tensors_are_named(folder):
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "extra": np.zeros(1, np.float32)}, folder / "model.safetensors")
    with pytest.raises(ValueError, match="1 unknown tensors: extra"):
        store.load(folder)


def test_a_fingerprint_tells_weights_apart(tmp_path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"one")
    first = store.fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("A card is no weight.")
    assert store.fingerprint(tmp_path) == first
    weights.write_bytes(b"two")
    assert store.fingerprint(tmp_path) != first
