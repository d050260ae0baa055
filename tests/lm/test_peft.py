"""Adapters on disk: PEFT reads what is written here, and what PEFT wrote is read."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from elmjax.lm import decoder
from elmjax.lm.attention import causal_mask
from elmjax.lm.config import DecoderConfig
from elmjax.lm.hugging_face import config_from_hugging_face, tensors_from_hugging_face
from elmjax.lm.hugging_face.configs import FAMILIES
from elmjax.lm.lora import peft
from elmjax.lm.lora.adapters import init_adapters, join, merged, split
from elmjax.lm.lora.targets import make_lora, projections
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.lm.weights import open_weights

LLAMA_LIKE = {
    "vocab_size": 61,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
GPT_LIKE = {"vocab_size": 61, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}
SETTINGS = {
    "gpt2": GPT_LIKE,
    "codegen": GPT_LIKE | {"rotary_dim": 4},
    "gptj": GPT_LIKE | {"rotary_dim": 4, "tie_word_embeddings": False},
    "gemma3_text": LLAMA_LIKE | {"sliding_window": 7},
    "starcoder2": LLAMA_LIKE | {"sliding_window": 7},
}


def loud(params, config: DecoderConfig):
    """Adapters far from their start, so that every one of them shows."""
    generator = np.random.default_rng(3)
    adapters = jax.tree.map(
        lambda leaf: jnp.asarray(generator.normal(size=leaf.shape), jnp.float32),
        init_adapters(config, jax.random.key(0)),
    )
    return join(params, adapters)


def logits(model: LanguageModel, tokens: np.ndarray) -> np.ndarray:
    time = tokens.shape[1]
    hidden = decoder.hidden_states(
        model.params,
        model.config,
        decoder.embed(model.params, tokens),
        np.broadcast_to(np.arange(time), tokens.shape),
        causal_mask(np.full(len(tokens), time), time),
    )
    return np.asarray(decoder.logits(model.params, model.config, hidden))


def distance(got: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


@pytest.fixture(scope="module")
def own(loud_params):
    """A model of ours with adapters on two of three projections that we fuse."""
    tokenizer = Tokenizer.train(["x = 1\n"], entries=256)
    config = DecoderConfig(
        vocab_size=tokenizer.vocab_size, layers=2, width=32, heads=4, hidden=48, key_value_heads=2
    )
    lora = make_lora(config, "llama", rank=3, alpha=6.0, targets=["q_proj", "v_proj", "down_proj"])
    adapted = dataclasses.replace(config, lora=lora)
    return LanguageModel(
        params=loud(loud_params(config), adapted), config=adapted, tokenizer=tokenizer
    )


@pytest.fixture
def folder(own, tmp_path):
    peft.save_adapters(tmp_path / "adapter", own, "base")
    return tmp_path / "adapter"


def base_model(model: LanguageModel) -> LanguageModel:
    params, _ = split(model.params)
    return dataclasses.replace(
        model, params=params, config=dataclasses.replace(model.config, lora=None)
    )


def test_what_is_saved_is_read(own, folder):
    read = peft.load_adapters(folder, base_model(own))
    assert read.config == own.config
    jax.tree.map(np.testing.assert_array_equal, read.params, own.params)
    assert peft.is_adapter(folder)
    assert peft.base_of(folder) == "base"


def test_a_missing_tensor_is_named(own, folder):
    path = folder / "adapter_model.safetensors"
    tensors = load_file(path)
    gone = "base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight"
    save_file({name: tensor for name, tensor in tensors.items() if name != gone}, path)
    with pytest.raises(ValueError, match=f"lacks 1 tensors, first {gone}"):
        peft.load_adapters(folder, base_model(own))


def test_an_unknown_tensor_is_named(own, folder):
    path = folder / "adapter_model.safetensors"
    save_file({**load_file(path), "base_model.model.lm_head.lora_A.weight": np.ones(2)}, path)
    with pytest.raises(ValueError, match=r"1 unknown tensors, first base_model\.model\.lm_head"):
        peft.load_adapters(folder, base_model(own))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"use_dora": True}, "use_dora must be False, got True"),
        ({"peft_type": "IA3"}, "peft_type must be 'LORA', got 'IA3'"),
        ({"modules_to_save": ["lm_head"]}, r"modules_to_save must be None, got \['lm_head'\]"),
        ({"r": 4}, r"lora_A.weight must have shape \(4, 48\), got \(3, 48\)"),
        ({"r": 0}, "rank of adapters must be at least 1, got 0"),
    ],
)
def test_what_is_not_supported_is_refused(own, folder, changes, message):
    content = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**content, **changes}))
    with pytest.raises(ValueError, match=message):
        peft.load_adapters(folder, base_model(own))


def test_missing_files_are_named(own, folder):
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks adapter_model\.safetensors"):
        peft.load_adapters(folder, base_model(own))
    (folder / "adapter_config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks adapter_config\.json"):
        peft.load_adapters(folder, base_model(own))


def test_a_model_without_adapters_has_none_to_save(own, tmp_path):
    with pytest.raises(ValueError, match="no adapters"):
        peft.save_adapters(tmp_path / "adapter", base_model(own), "base")
    assert not (tmp_path / "adapter").exists()


@pytest.fixture(params=FAMILIES)
def theirs(request, tmp_path):
    """A torch model of every family, and ours with its weights."""
    torch = pytest.importorskip("torch", reason="PEFT needs torch")
    pytest.importorskip("peft", reason="adapters are checked where PEFT is installed")
    import transformers

    family = request.param
    torch.manual_seed(0)
    settings = SETTINGS.get(family, LLAMA_LIKE)
    config = transformers.AutoConfig.for_model(family, **settings)
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(tmp_path / "base")
    content = json.loads((tmp_path / "base" / "config.json").read_text())
    shape = config_from_hugging_face(content)
    ours = LanguageModel(
        params=tensors_from_hugging_face(open_weights(tmp_path / "base"), shape, family),
        config=shape,
        tokenizer=Tokenizer.train(["x = 1\n"], entries=256),
        source=content,
    )
    return model.float().eval(), ours


TOKENS = np.random.default_rng(0).integers(1, 61, (2, 14))


def torch_logits(model) -> np.ndarray:
    import torch

    with torch.no_grad():
        return model(torch.asarray(TOKENS)).logits.numpy()


def test_peft_computes_what_we_do_with_the_adapters_that_we_save(theirs, tmp_path):
    import peft as reference

    model, ours = theirs
    plain = logits(ours, TOKENS)
    family = ours.family
    lora = make_lora(ours.config, family, rank=3, alpha=2.0, targets=["all-linear"])
    adapted = dataclasses.replace(ours.config, lora=lora)
    ours = dataclasses.replace(ours, params=loud(ours.params, adapted), config=adapted)
    peft.save_adapters(tmp_path / "adapter", ours, str(tmp_path / "base"))
    loaded = reference.PeftModel.from_pretrained(model, tmp_path / "adapter")
    wanted = torch_logits(loaded)
    modules = [name for name, _ in loaded.named_modules() if name.endswith("lora_A.default")]
    assert len(modules) == 2 * len(projections(base_model(ours).config, family))
    assert distance(logits(ours, TOKENS), wanted) < 1e-4
    assert distance(plain, wanted) > 1e-2
    params, config = merged(ours.params, ours.config)
    assert (
        distance(logits(dataclasses.replace(ours, params=params, config=config), TOKENS), wanted)
        < 1e-4
    )


def test_we_compute_what_peft_does_with_the_adapters_that_it_saves(theirs, tmp_path):
    import peft as reference
    import torch

    model, ours = theirs
    some = [name.split(".")[-1] for name in projections(ours.config, ours.family)[::2]]
    made = reference.get_peft_model(
        model, reference.LoraConfig(r=4, lora_alpha=8, target_modules=some, task_type="CAUSAL_LM")
    )
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "lora_" in name:
                parameter.normal_(std=0.3)
    made.save_pretrained(tmp_path / "adapter")
    read = peft.load_adapters(tmp_path / "adapter", ours)
    assert distance(logits(read, TOKENS), torch_logits(made.eval())) < 1e-4
