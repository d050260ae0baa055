"""Adapters on disk, in the layout of PEFT.

A folder holds `adapter_config.json` and `adapter_model.safetensors`; PEFT loads it beside the same
base model, and what PEFT saved is read here (https://huggingface.co/docs/peft, checkpoint format).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from elmjax.lm.hub import is_hub_name
from elmjax.lm.hugging_face.layouts import LAYOUTS, Layout
from elmjax.lm.lora.adapters import join, pairs, split
from elmjax.lm.lora.shape import LoRA
from elmjax.lm.lora.targets import make_lora, projections
from elmjax.lm.replacing import replacing
from elmjax.lm.store import LanguageModel
from elmjax.lm.weights import open_file, write_tensors

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE, PICKLED_FILE = "adapter_model.safetensors", "adapter_model.bin"
_ROOT = "base_model.model."  # PEFT's own modules around the base model

# What a file may say of methods that are not supported, and must say of them if it does.
_WANTED: dict[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none",),
    "use_dora": (False,),
    "use_rslora": (False,),
    "lora_bias": (False,),
    "rank_pattern": ({}, None),
    "alpha_pattern": ({}, None),
    "modules_to_save": (None, []),
    "layers_to_transform": (None, []),
    "layer_replication": (None, []),
    "target_parameters": (None, []),
    "trainable_token_indices": (None, []),
}


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A projection of a family within one of ours."""

    module: str
    first: int  # of our outputs
    order: np.ndarray  # which of the stored outputs each of ours is


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds adapters and no whole model."""
    return (folder / CONFIG_FILE).is_file() and not (folder / "config.json").is_file()


def base_of(folder: Path) -> str:
    """The model that adapters stand beside: a folder, or a name on the hub as of `hub.fetch`.

    Raises:
        ValueError: If the file does not say, or is damaged.
    """
    content = _read_config(folder)
    if not (base := content.get("base_model_name_or_path")):
        raise ValueError(f"{folder / CONFIG_FILE} lacks base_model_name_or_path")
    return f"{base}@{content['revision']}" if content.get("revision") else str(base)


def save_adapters(folder: str | Path, model: LanguageModel, base: str) -> None:
    """Writes the adapters of a model; the folder appears whole or not at all.

    Args:
        folder: Where to.
        model: With adapters.
        base: Folder or name of the model that they stand beside.

    Raises:
        ValueError: If the model has none.
    """
    lora = model.config.lora
    if lora is None:
        raise ValueError("the model has no adapters to save")
    layout, config = LAYOUTS[model.family], replace(model.config, lora=None)
    places = _places(model, layout)
    names = {(place.module, place.first): name for name, place in places.items()}
    tensors, targets = dict[str, np.ndarray](), dict[str, None]()
    for module, pair in split(model.params)[1]["blocks"].items():
        for (first, _), a, b in pairs(lora, module, pair):
            name = names[module, first]
            targets[name] = None
            back = np.argsort(places[name].order)
            for layer in range(config.layers):
                path = f"{_ROOT}{layout.path(layer, name)}"
                tensors[f"{path}.lora_A.weight"] = np.ascontiguousarray(a[layer].T)
                tensors[f"{path}.lora_B.weight"] = np.ascontiguousarray(b[layer][:, back].T)
    with replacing(Path(folder)) as whole:
        write_tensors(tensors, whole / WEIGHTS_FILE)
        content = _content(lora, layout, list(targets), base)
        (whole / CONFIG_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        shutil.copymode(whole / CONFIG_FILE, whole / WEIGHTS_FILE)


def load_adapters(folder: str | Path, model: LanguageModel) -> LanguageModel:
    """The model with the adapters of a folder beside its weights.

    Raises:
        FileNotFoundError: If the folder lacks a file.
        ValueError: If a file is damaged, asks for what is not supported, or tensors are missing,
            unknown or of another shape.
    """
    folder = Path(folder)
    content, tensors = _read_config(folder), _open(folder)
    try:
        layout = LAYOUTS[model.family]
        _refuse_unsupported(content)
        targets = _targets(model, layout, tensors)
        lora = make_lora(
            model.config,
            model.family,
            rank=int(content["r"]),
            alpha=float(content["lora_alpha"]),
            targets=targets,
        )
        adapters = _adapters(model, layout, lora, tensors)
    except KeyError as error:
        raise ValueError(f"{folder / CONFIG_FILE} lacks {error}") from None
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None
    return replace(
        model, params=join(model.params, adapters), config=replace(model.config, lora=lora)
    )


def _content(lora: LoRA, layout: Layout, targets: list[str], base: str) -> dict[str, Any]:
    name, _, revision = base.partition("@") if is_hub_name(base) else (base, "", "")
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": name,
        "revision": revision or None,
        "r": lora.rank,
        "lora_alpha": lora.alpha,
        "lora_dropout": 0.0,
        "target_modules": targets,
        "bias": "none",
        "fan_in_fan_out": layout.inputs_first,
        "init_lora_weights": True,
        "inference_mode": True,
        "use_rslora": False,
        "use_dora": False,
    }


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{folder} holds no adapters: it lacks {CONFIG_FILE}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error}); fetch or save it again") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds a {type(content).__name__}, wanted an object")
    return content


def _open(folder: Path) -> Mapping[str, np.ndarray]:
    for name in (WEIGHTS_FILE, PICKLED_FILE):
        if (folder / name).is_file():
            return open_file(folder / name)
    raise FileNotFoundError(f"{folder} holds no adapters: it lacks {WEIGHTS_FILE}")


def _refuse_unsupported(content: Mapping[str, Any]) -> None:
    for name, wanted in _WANTED.items():
        if content.get(name, wanted[0]) not in wanted:
            raise ValueError(
                f"{CONFIG_FILE}: {name} must be {wanted[0]!r}, got {content[name]!r}; merge the "
                "adapters with PEFT and bring the whole model"
            )


def _places(model: LanguageModel, layout: Layout) -> dict[str, _Place]:
    """Where the projections of a layer stand within ours, by name."""
    places = {}
    known = set(projections(model.config, model.family))
    for module, own in model.params["blocks"].items():
        if not known.issuperset(layout.parts[module]):
            continue
        outputs, first = own["kernel"].shape[-1], 0
        order = layout.order(module, outputs)
        widths = layout.widths(model.config, module, outputs)
        for name, width in zip(layout.parts[module], widths, strict=True):
            # Only modules that are stored whole are stored in another order.
            of_name = order if len(widths) == 1 else np.arange(width)
            places[name] = _Place(module=module, first=first, order=of_name)
            first += width
    return places


def _targets(model: LanguageModel, layout: Layout, tensors: Mapping[str, np.ndarray]) -> list[str]:
    """The projections that have tensors, each of them in every layer."""
    found = [
        name
        for name in projections(model.config, model.family)
        if any(_tensor(layout, layer, name, "A") in tensors for layer in range(model.config.layers))
    ]
    wanted = {
        _tensor(layout, layer, name, part)
        for name in found
        for layer in range(model.config.layers)
        for part in "AB"
    }
    if unknown := sorted(set(tensors) - wanted):
        raise ValueError(f"{len(unknown)} unknown tensors, first {unknown[0]}")
    if missing := sorted(wanted - set(tensors)):
        raise ValueError(f"lacks {len(missing)} tensors, first {missing[0]}")
    if not found:
        raise ValueError("holds no tensors")
    return found


def _tensor(layout: Layout, layer: int, name: str, part: str) -> str:
    return f"{_ROOT}{layout.path(layer, name)}.lora_{part}.weight"


def _adapters(
    model: LanguageModel, layout: Layout, lora: LoRA, tensors: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """The tree of `adapters`, from the tensors of a file."""
    places = _places(model, layout)
    names = {(place.module, place.first): name for name, place in places.items()}
    blocks = {}
    for adapter in lora.adapters:
        inputs = model.params["blocks"][adapter.module]["kernel"].shape[1]
        pieces = [(names[adapter.module, first], width) for first, width in adapter.pieces]
        a, b = [], []
        for name, width in pieces:
            of_a, of_b = (
                [_tensor(layout, layer, name, part) for layer in range(model.config.layers)]
                for part in "AB"
            )
            a.append(_stack(tensors, of_a, (lora.rank, inputs)))
            whole = _stack(tensors, of_b, (width, lora.rank))
            b.append(whole[..., places[name].order])
        blocks[adapter.module] = {
            "lora_a": jnp.asarray(np.concatenate(a, axis=-1)),
            "lora_b": jnp.asarray(np.concatenate(b, axis=-1)),
        }
    return {"blocks": blocks}


def _stack(
    tensors: Mapping[str, np.ndarray], paths: Sequence[str], shape: tuple[int, int]
) -> np.ndarray:
    """One matrix of all layers, [layers, inputs, outputs] float32."""

    def of(path: str) -> np.ndarray:
        if (got := tensors[path].shape) != shape:
            raise ValueError(f"{path} must have shape {shape}, got {got}")
        return tensors[path].T.astype(np.float32)

    return np.stack([of(path) for path in paths])
