"""ResNets of Hugging Face as terrain encoders: a folder of `ResNetModel`, BatchNorm frozen.

The folder holds `config.json` and `model.safetensors`; one of `ResNetForImageClassification` will
do, whose classifier is left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from safetensors import SafetensorError
from safetensors.numpy import load_file

from elmjax.lm.terrain_encoder import Params, TerrainEncoderConfig, init_encoder

_NORM = {"mean": "running_mean", "variance": "running_var", "scale": "weight", "bias": "bias"}


def resnet_config(
    folder: Path, *, width: int, slots: int, image: tuple[int, int]
) -> TerrainEncoderConfig:
    """Shape of the encoder that a folder holds the weights of.

    Raises:
        ValueError: If the folder holds no ResNet of a shape that ours has.
    """
    content = _content(folder)
    bottleneck = content.get("layer_type") == "bottleneck"
    channels = _counts(folder, "embedding_size", [content.get("embedding_size")])[0]
    depths = _counts(folder, "depths", content.get("depths"))
    wanted = {
        "model_type": "resnet",
        "num_channels": 3,
        "hidden_act": "relu",
        "hidden_sizes": [(4 if bottleneck else 1) * channels * 2**i for i in range(len(depths))],
        "downsample_in_first_stage": False,
    }
    for name, value in wanted.items():
        if (got := content.get(name, value)) != value:
            raise ValueError(f"{folder}: {name}: got {got!r}, wanted {value!r}")
    if content.get("downsample_in_bottleneck", False):
        raise ValueError(f"{folder}: downsample_in_bottleneck: got True, wanted False")
    return TerrainEncoderConfig(
        kind="image",
        width=width,
        slots=slots,
        image=image,
        stage_sizes=tuple(depths),
        channels=channels,
        bottleneck=bottleneck,
        stem_kernel=7,
        stem_pool=True,
        regions=(1, 1),
        normalisation="frozen_batch",
    )


def load_resnet(folder: Path, config: TerrainEncoderConfig, key: Array) -> Params:
    """Parameters of an encoder with the network of a folder; norm and projection are fresh.

    Raises:
        ValueError: If the weights cannot be read, or one is missing or of another shape.
    """
    network = jax.tree.map(jnp.asarray, read_network(folder, config))
    return {**init_encoder(config, key), "network": network}


def read_network(folder: Path, config: TerrainEncoderConfig) -> Params:
    """The network of a folder, on the host: float32, named and shaped as the encoder's.

    Raises:
        ValueError: If the weights cannot be read, or one is missing or of another shape.
    """
    try:
        tensors = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{folder} holds no readable model.safetensors: {error}") from error
    tensors = {name.removeprefix("resnet."): tensor for name, tensor in tensors.items()}
    like = jax.eval_shape(lambda: init_encoder(config, jax.random.key(0)))["network"]
    try:
        network: dict[str, Any] = {
            "stem": _layer(tensors, "embedder.embedder"),
            "blocks": {
                f"stage{stage}_block{block}": _block(
                    tensors,
                    f"encoder.stages.{stage}.layers.{block}",
                    like["blocks"][f"stage{stage}_block{block}"],
                )
                for stage, size in enumerate(config.stage_sizes)
                for block in range(size)
            },
        }
    except KeyError as error:
        raise ValueError(f"{folder}: model.safetensors lacks {error}") from None
    _check_shapes(folder, network, like)
    return network


def _content(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} holds no readable config.json: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{folder}: config.json: got {content!r}, wanted an object")
    return content


def _counts(folder: Path, name: str, got: object) -> list[int]:
    if not isinstance(got, list) or not got or any(type(n) is not int or n < 1 for n in got):
        raise ValueError(f"{folder}: {name}: got {got!r}, wanted counts of at least 1")
    return got


def _check_shapes(folder: Path, network: Params, like: Params) -> None:
    wanted = dict(jax.tree_util.tree_leaves_with_path(like))
    for path, tensor in jax.tree_util.tree_leaves_with_path(network):
        if tensor.shape != wanted[path].shape:
            name = jax.tree_util.keystr(path, simple=True, separator=".")
            raise ValueError(
                f"{folder}: {name}: got shape {tensor.shape}, wanted {wanted[path].shape}, as "
                "config.json says"
            )


def _block(tensors: dict[str, np.ndarray], name: str, like: Params) -> Params:
    layers = {f"layer{i}": _layer(tensors, f"{name}.layer.{i}") for i in range(len(like["layers"]))}
    if "shortcut" not in like:
        return {"layers": layers}
    return {"layers": layers, "shortcut": _layer(tensors, f"{name}.shortcut")}


def _layer(tensors: dict[str, np.ndarray], name: str) -> Params:
    # [outputs, inputs, height, width] there, [height, width, inputs, outputs] here.
    kernel = tensors[f"{name}.convolution.weight"].transpose(2, 3, 1, 0)
    norm = {ours: tensors[f"{name}.normalization.{theirs}"] for ours, theirs in _NORM.items()}
    return {
        "convolution": {"kernel": kernel.astype(np.float32)},
        "norm": {part: tensor.astype(np.float32) for part, tensor in norm.items()},
    }
