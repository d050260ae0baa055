"""All three stages, a step each, with models of other families, as the guide has them run."""

import json
import re
import shlex
from pathlib import Path

import jax
import numpy as np
import pytest
import transformers
from safetensors.numpy import save_file
from tokenizers import ByteLevelBPETokenizer

from elmjax.cli import main
from elmjax.lm import decoder, store
from elmjax.lm.hugging_face import config_from_hugging_face, tensors_to_hugging_face
from elmjax.lm.lora import peft
from elmjax.programs import SEEDS
from elmjax.report.metrics_log import MetricsLog

GUIDE = Path(__file__).parents[2] / "docs" / "language-models.md"
END = "<|endoftext|>"
GPT = {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 4096, "rotary_dim": 4}
LLAMA = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "max_position_embeddings": 4096,
}
WINDOW = {"sliding_window": 8}
# Layers that read one LayerNorm; RMSNorm before each of two parts; windows.
SETTINGS = {
    "codegen": GPT,
    "gptj": GPT,
    "llama": LLAMA,
    "qwen2": LLAMA,
    "gemma3_text": LLAMA | WINDOW | {"layer_types": ["sliding_attention", "full_attention"]},
    "starcoder2": LLAMA | WINDOW,
}
SMALL = {
    "seconds": "0.5",
    "programs.workers": "1",
    "evolve.iterations": "2",
    "evolve.parents": "2",
    "evolve.children": "4",
    "evolve.max_new_tokens": "12",
    "evolve.max_program_tokens": "12",
    "finetune.threshold": "0.0",
    "finetune.test_share": "0.2",
    "finetune.samples": "2",
    "finetune.max_new_tokens": "12",
    "finetune.optimiser.steps": "1",
    "finetune.optimiser.warmup": "0",
    "finetune.optimiser.rows": "2",
    "finetune.optimiser.accumulation": "2",
    "finetune.optimiser.row_length": "1024",
    "conditional.iterations": "1",
    "conditional.batch": "6",
    "conditional.max_new_tokens": "12",
    "conditional.evaluation_samples": "2",
    "conditional.ppo.minibatches": "2",
}


def checkpoint(family: str, folder: Path) -> Path:
    """A tiny model that has learned nothing, as the hub would give it."""
    folder.mkdir(parents=True)
    encoder = ByteLevelBPETokenizer()
    encoder.train_from_iterator(SEEDS.values(), vocab_size=320, special_tokens=[END])
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=encoder._tokenizer, eos_token=END, bos_token=END
    ).save_pretrained(folder)
    size = encoder.get_vocab_size()
    settings = SETTINGS[family] | {"vocab_size": size, "bos_token_id": 0, "eos_token_id": 0}
    content = transformers.AutoConfig.for_model(family, **settings).to_dict()
    (folder / "config.json").write_text(json.dumps(content))
    config = config_from_hugging_face(content)
    rng = np.random.default_rng(0)
    params = jax.tree.map(
        lambda leaf: rng.normal(0.0, 0.1, leaf.shape).astype(np.float32),
        decoder.abstract_params(config),
    )
    save_file(tensors_to_hugging_face(params, config, family), folder / "model.safetensors")
    return folder


def options(values: dict[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in (f"--{name}", value)]


def check_run(run: Path, family: str) -> None:
    for stage in ("finetune", "conditional"):
        assert json.loads((run / stage / "summary.json").read_text())
        model = store.load(run / stage / "model")
        assert model.family == family
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(model.params))
    log = MetricsLog(run / "metrics.jsonl")
    assert np.isfinite(log.read("finetune")["loss"]).all()
    learned = log.read("conditional")
    assert learned["first_ratio_deviation"].max() < 1e-5
    assert learned["applied"].min() > 0
    log.close()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gptj", "llama", "gemma3_text", "starcoder2"])
def test_a_family_goes_through_all_stages(family, tmp_path):
    """All weights are trained."""
    model = str(checkpoint(family, tmp_path / "model"))
    own = {"evolve.model": model, "finetune.init": model, "evolve.format": "search_replace"}
    command = ["run", "--config", "quickstart", "--run", str(tmp_path / "run")]
    assert main([*command, *options(SMALL | own)]) == 0
    check_run(tmp_path / "run", family)


def commands(word: str) -> list[str]:
    """The guide's commands that name a preset or a model."""
    lines = re.findall(r"^    (elmjax .*?)(?: *#.*)?$", GUIDE.read_text(), re.MULTILINE)
    return [line for line in lines if word in line]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "hub", "family"),
    [
        ("diff_codegen", "CarperAI/diff-codegen-350m-v2", "codegen"),
        ("qwen_coder", "Qwen/Qwen2.5-Coder-0.5B", "qwen2"),
    ],
)
def test_the_guide_is_run(preset, hub, family, tmp_path, monkeypatch, capsys):
    """Every command, on a tiny model of the family; the presets train adapters."""
    model = str(checkpoint(family, tmp_path / "model"))
    monkeypatch.chdir(tmp_path)
    Path("walker.py").write_text(SEEDS["square"])
    told = [*commands(preset), *commands(hub)]
    assert {shlex.split(line)[1] for line in told} == {"run", "mutate"}
    for line in told:
        words = shlex.split(line.replace(hub, model))[1:]
        if words[0] == "run":
            own = {"evolve.model": model, "finetune.init": model, "finetune.lora.rank": "2"}
            words += options(SMALL | own)
        assert main(words) == 0, line
    run = tmp_path / shlex.split(commands(preset)[0])[-1]
    check_run(run, family)
    assert peft.base_of(run / "finetune" / "adapter") == str((tmp_path / "model").resolve())
    # What PEFT would load is a model by its folder, too.
    capsys.readouterr()
    again = ["mutate", "walker.py", "--operator", "rewrite", "--model", f"{run}/finetune/adapter"]
    assert main(again) == 0
