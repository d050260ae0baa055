"""A language model on disk, in the layout of Hugging Face.

A folder holds `config.json`, `model.safetensors` and `tokenizer.json` under the names of
`LlamaForCausalLM`, which our decoder is: `transformers` and other tools load it as it stands.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.hugging_face import (
    config_from_hugging_face,
    config_to_hugging_face,
    tensors_from_hugging_face,
    tensors_to_hugging_face,
)
from elmjax.lm.tokenizer import BOS, END, PAD, Tokenizer

CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE = "config.json", "model.safetensors", "tokenizer.json"

WEIGHTS_PATTERNS = ("*.safetensors", "*.bin")

# A key of `config.json` that is ours alone: other readers give tokens their usual positions.
LINE_POSITIONS = "elmjax_line_positions"


@dataclass(frozen=True, kw_only=True, eq=False)
class LanguageModel:
    """Everything that turns text into text."""

    params: Params
    config: DecoderConfig
    tokenizer: Tokenizer
    line_positions: bool = False  # whether it learned to edit at the positions of `places`


def save(
    folder: str | Path,
    model: LanguageModel,
    *,
    dtype: Literal["float32", "float16"] = "float32",
) -> None:
    """Writes a model; the folder appears whole or not at all, and replaces one of that name.

    Args:
        folder: Where to; its parent is created.
        model: What.
        dtype: Of the stored weights. float16 halves the file and leaves three digits.

    Raises:
        ValueError: If parameters, config and tokenizer do not belong together, or float16 cannot
            hold a weight.
    """
    folder = Path(folder)
    _check(model)
    tensors = _narrowed(tensors_to_hugging_face(model.params, model.config), np.dtype(dtype))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        whole = Path(scratch) / "whole"
        whole.mkdir()
        try:
            save_file(tensors, whole / WEIGHTS_FILE, metadata={"format": "pt"})
        except SafetensorError as error:
            raise OSError(f"{folder}: the weights cannot be written: {error}") from error
        _write_json(whole / CONFIG_FILE, _config_content(model, dtype))
        # Weights come readable by their owner alone; they are as public as the rest.
        shutil.copymode(whole / CONFIG_FILE, whole / WEIGHTS_FILE)
        model.tokenizer.save(whole / TOKENIZER_FILE)
        _write_json(
            whole / "tokenizer_config.json",
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "pad_token": PAD,
                "bos_token": BOS,
                "eos_token": END,
                "clean_up_tokenization_spaces": False,
            },
        )
        # A folder cannot be renamed over a full one, so the older one leaves first.
        older = Path(scratch) / "replaced"
        if folder.exists():
            os.replace(folder, older)
        try:
            os.replace(whole, folder)
        except OSError:
            if older.exists():
                os.replace(older, folder)
            raise


def load(folder: str | Path) -> LanguageModel:
    """Reads a model that `save` wrote, or any Llama of such a shape with our tokenizer.

    Returns:
        The model, with float32 parameters.

    Raises:
        FileNotFoundError: If the folder or one of its three files is missing.
        ValueError: If a file is damaged, the config asks for what our decoder does not do, a
            tensor is missing, unknown or of another shape, or the tokenizer is too large.
    """
    folder = Path(folder)
    needed = (CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE)
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{folder} holds no model: it lacks {', '.join(missing)}")
    try:
        content = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS_FILE)
    except (json.JSONDecodeError, UnicodeDecodeError, SafetensorError) as error:
        raise ValueError(f"{folder} is damaged ({error}); fetch or save it again") from error
    try:
        config = config_from_hugging_face(content)
        params = tensors_from_hugging_face(tensors, config)
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from error
    model = LanguageModel(
        params=params,
        config=config,
        tokenizer=Tokenizer.load(folder / TOKENIZER_FILE),
        line_positions=bool(content.get(LINE_POSITIONS, False)),
    )
    _check(model)
    return model


def _check(model: LanguageModel) -> None:
    """Refuses parts that do not belong together."""
    wanted = jax.tree.map(lambda leaf: leaf.shape, decoder.abstract_params(model.config))
    got = jax.tree.map(lambda leaf: leaf.shape, model.params)
    if got != wanted:
        raise ValueError(f"the parameters are not those of the config: got {got}, wanted {wanted}")
    if model.tokenizer.vocab_size > model.config.vocab_size:
        raise ValueError(
            f"the tokenizer has {model.tokenizer.vocab_size} entries but the model embeds only "
            f"{model.config.vocab_size}; they do not belong together"
        )


def _narrowed(tensors: dict[str, np.ndarray], dtype: np.dtype[Any]) -> dict[str, np.ndarray]:
    for name, tensor in tensors.items():
        largest = np.abs(tensor).max()
        if not largest <= np.finfo(dtype).max:
            raise ValueError(f"{dtype} cannot hold {name}, whose largest entry is {largest:.3g}")
    return {name: tensor.astype(dtype) for name, tensor in tensors.items()}


def _config_content(model: LanguageModel, dtype: str) -> dict[str, Any]:
    return {
        **config_to_hugging_face(model.config),
        LINE_POSITIONS: model.line_positions,
        "dtype": dtype,
        "pad_token_id": model.tokenizer.pad,
        "bos_token_id": model.tokenizer.bos,
        "eos_token_id": model.tokenizer.end,
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def fingerprint(folder: Path) -> str:
    """A hash of a model's weights: a folder may come to hold another model."""
    hasher = hashlib.blake2b(digest_size=8)
    for path in sorted(path for pattern in WEIGHTS_PATTERNS for path in folder.glob(pattern)):
        with path.open("rb") as file:
            hasher.update(hashlib.file_digest(file, "sha256").digest())
    return hasher.hexdigest()
