"""A language model on disk, in the layout of Hugging Face.

A folder holds `config.json`, weights and a tokenizer under the names of one of
`hugging_face.FAMILIES`: `transformers` and other tools load it as it stands. Models that were
trained here are of the family `llama`; those from elsewhere stay of their own.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from elmjax.dist.placement import Placement
from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.hub_tokenizer import HubTokenizer
from elmjax.lm.hugging_face import (
    config_from_hugging_face,
    config_to_hugging_face,
    tensors_from_hugging_face,
    tensors_to_hugging_face,
)
from elmjax.lm.lora.adapters import merged
from elmjax.lm.replacing import replacing
from elmjax.lm.split import reading_shardings
from elmjax.lm.tokenizer import TOKENIZER_FILE, Tokenizer
from elmjax.lm.weights import WEIGHTS_FILE, open_weights, write_tensors

CONFIG_FILE = "config.json"

WEIGHTS_PATTERNS = ("*.safetensors", "*.bin")

# A key of `config.json` that is ours alone: other readers give tokens their usual positions.
LINE_POSITIONS = "elmjax_line_positions"


@dataclass(frozen=True, kw_only=True, eq=False)
class LanguageModel:
    """Everything that turns text into text."""

    params: Params
    config: DecoderConfig
    tokenizer: Tokenizer | HubTokenizer
    line_positions: bool = False  # whether it learned to edit at the positions of `places`
    # Content of the `config.json` that it was loaded with, where it is from elsewhere; None: ours.
    source: Mapping[str, Any] | None = None

    @property
    def own_tokenizer(self) -> Tokenizer:
        """The tokenizer, of a model that was trained here.

        Raises:
            ValueError: If it is from elsewhere, and so knows no numbered lines.
        """
        if not isinstance(self.tokenizer, Tokenizer):
            raise ValueError("only models of elmjax read and write numbered lines")
        return self.tokenizer

    def merged(self) -> LanguageModel:
        """The same model without adapters; weights that had some are on the host."""
        params, config = merged(self.params, self.config)
        return replace(self, params=params, config=config)

    @property
    def family(self) -> str:
        """Of `hugging_face.FAMILIES`."""
        return "llama" if self.source is None else str(self.source["model_type"])


def save(
    folder: str | Path,
    model: LanguageModel,
    *,
    dtype: Literal["float32", "float16"] = "float32",
) -> None:
    """Writes a model; the folder appears whole or not at all, and replaces one of that name.

    Adapters are merged into the weights; `lora.peft` writes them by themselves.

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
    model = model.merged()
    tensors = _narrowed(
        tensors_to_hugging_face(model.params, model.config, model.family), np.dtype(dtype)
    )
    with replacing(folder) as whole:
        write_tensors(tensors, whole / WEIGHTS_FILE)
        _write_json(whole / CONFIG_FILE, _config_content(model, dtype))
        # Weights come readable by their owner alone; they are as public as the rest.
        shutil.copymode(whole / CONFIG_FILE, whole / WEIGHTS_FILE)
        model.tokenizer.write(whole)


def load(
    folder: str | Path,
    *,
    dtype: DTypeLike = jnp.float32,
    sharding: Any = None,
    placement: Placement | None = None,
) -> LanguageModel:
    """Reads a model that `save` wrote, or one of a supported family.

    Args:
        folder: Of the files.
        dtype: Of the parameters.
        sharding: Where they go, one at a time; see `tensors_from_hugging_face`.
        placement: Where they go to be sampled from, in place of a sharding.

    Raises:
        FileNotFoundError: If the folder or one of its files is missing.
        ValueError: If a file is damaged, the config asks for what our decoder does not do, a
            tensor is missing, unknown or of another shape, or the tokenizer is too large.
    """
    folder = Path(folder)
    if not (folder / CONFIG_FILE).is_file():
        raise FileNotFoundError(f"{folder} holds no model: it lacks {CONFIG_FILE}")
    tensors = open_weights(folder)
    try:
        content = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{folder} is damaged ({error}); fetch or save it again") from error
    tokenizer = _load_tokenizer(folder)
    ours = isinstance(tokenizer, Tokenizer)
    try:
        config = config_from_hugging_face(content)
        if placement is not None and placement.size > 1:
            sharding = reading_shardings(placement, config)
        params = tensors_from_hugging_face(
            tensors, config, content["model_type"], dtype=dtype, sharding=sharding
        )
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from error
    model = LanguageModel(
        params=params,
        config=config,
        tokenizer=tokenizer,
        line_positions=bool(content.get(LINE_POSITIONS, False)),
        source=None if ours and content["model_type"] == "llama" else content,
    )
    _check(model)
    return model


def _load_tokenizer(folder: Path) -> Tokenizer | HubTokenizer:
    path = folder / TOKENIZER_FILE
    if path.is_file():
        return Tokenizer.load(path) if Tokenizer.is_ours(path) else HubTokenizer.load(folder)
    if (folder / "tokenizer_config.json").is_file() and (folder / "vocab.json").is_file():
        return HubTokenizer.load(folder)  # older models, of which `transformers` makes a fast one
    raise FileNotFoundError(f"{folder} holds no model: it lacks {TOKENIZER_FILE}")


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
        largest = np.abs(tensor).max(initial=0.0)
        if not largest <= np.finfo(dtype).max:
            raise ValueError(f"{dtype} cannot hold {name}, whose largest entry is {largest:.3g}")
    return {name: tensor.astype(dtype) for name, tensor in tensors.items()}


def _config_content(model: LanguageModel, dtype: str) -> dict[str, Any]:
    if model.source is not None:
        return {**model.source, "dtype": dtype, "torch_dtype": dtype}
    assert isinstance(model.tokenizer, Tokenizer)
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
