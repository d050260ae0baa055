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
    try:
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} holds no readable config.json: {error}") from error
    channels, hidden = content.get("embedding_size"), content.get("hidden_sizes", [])
    bottleneck = content.get("layer_type") == "bottleneck"
    grown = [(4 if bottleneck else 1) * (channels or 0) * 2**stage for stage in range(len(hidden))]
    wanted = {
        "model_type": "resnet",
        "num_channels": 3,
        "hidden_act": "relu",
        "hidden_sizes": grown,
        "downsample_in_first_stage": False,
    }
    for name, value in wanted.items():
        if content.get(name, value) != value:
            raise ValueError(f"{folder}: {name}: got {content[name]!r}, wanted {value!r}")
    if content.get("downsample_in_bottleneck", False):
        raise ValueError(f"{folder}: downsample_in_bottleneck: got True, wanted False")
    return TerrainEncoderConfig(
        kind="image",
        width=width,
        slots=slots,
        image=image,
        stage_sizes=tuple(content["depths"]),
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
    try:
        tensors = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{folder} holds no readable model.safetensors: {error}") from error
    tensors = {name.removeprefix("resnet."): tensor for name, tensor in tensors.items()}
    params = init_encoder(config, key)
    network: dict[str, Any] = {
        "stem": _layer(tensors, "embedder.embedder"),
        "blocks": {
            f"stage{stage}_block{block}": _block(
                tensors,
                f"encoder.stages.{stage}.layers.{block}",
                params["network"]["blocks"][f"stage{stage}_block{block}"],
            )
            for stage, size in enumerate(config.stage_sizes)
            for block in range(size)
        },
    }
    shapes = (jax.tree.map(jnp.shape, tree) for tree in (network, params["network"]))
    got, wanted = shapes
    if got != wanted:
        raise ValueError(f"{folder}: the weights are not those of the config")
    return {**params, "network": network}


def _block(tensors: dict[str, np.ndarray], name: str, like: Params) -> Params:
    layers = {f"layer{i}": _layer(tensors, f"{name}.layer.{i}") for i in range(len(like["layers"]))}
    if "shortcut" not in like:
        return {"layers": layers}
    return {"layers": layers, "shortcut": _layer(tensors, f"{name}.shortcut")}


def _layer(tensors: dict[str, np.ndarray], name: str) -> Params:
    try:
        # [outputs, inputs, height, width] there, [height, width, inputs, outputs] here.
        kernel = tensors[f"{name}.convolution.weight"].transpose(2, 3, 1, 0)
        norm = {ours: tensors[f"{name}.normalization.{theirs}"] for ours, theirs in _NORM.items()}
    except KeyError as error:
        raise ValueError(f"the weights lack {error}") from None
    return {
        "convolution": {"kernel": jnp.asarray(kernel)},
        "norm": {part: jnp.asarray(tensor) for part, tensor in norm.items()},
    }
