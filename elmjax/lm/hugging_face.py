"""Our decoder under the names of Hugging Face's `LlamaForCausalLM`: configuration and tensors.

Linear layers are stored [outputs, inputs] there and [inputs, outputs] here; there every layer and
every projection is a tensor of its own, here layers are stacked and some projections fused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params

# Our block parameter and its leaf, and the tensors that together make up its last axis.
_LAYER_TENSORS = (
    ("attention_norm", "scale", ("input_layernorm",)),
    ("query_key_value", "kernel", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
    ("attention_out", "kernel", ("self_attn.o_proj",)),
    ("feed_forward_norm", "scale", ("post_attention_layernorm",)),
    ("gate_up", "kernel", ("mlp.gate_proj", "mlp.up_proj")),
    ("down", "kernel", ("mlp.down_proj",)),
)


def config_to_hugging_face(config: DecoderConfig) -> dict[str, Any]:
    """Content of `config.json`, without the ids of special tokens."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "num_hidden_layers": config.layers,
        "hidden_size": config.width,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.heads,
        "head_dim": config.head_width,
        "intermediate_size": config.hidden,
        "hidden_act": "silu",
        "rms_norm_eps": config.norm_epsilon,
        "tie_word_embeddings": config.tie_embeddings,
        "attention_bias": False,
        "mlp_bias": False,
        # transformers 5 reads the first, versions before it the second.
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "rope_theta": config.rope_theta,
    }


def config_from_hugging_face(content: Mapping[str, Any]) -> DecoderConfig:
    """Our configuration for a Llama.

    Raises:
        ValueError: If a key is missing, or asks for what our decoder does not do.
    """
    if content.get("model_type") != "llama":
        raise ValueError(f"config.json: model_type must be llama, got {content.get('model_type')}")
    rope = content.get("rope_parameters") or content.get("rope_scaling") or {}
    try:
        config = DecoderConfig(
            vocab_size=content["vocab_size"],
            layers=content["num_hidden_layers"],
            width=content["hidden_size"],
            heads=content["num_attention_heads"],
            hidden=content["intermediate_size"],
            rope_theta=float(rope.get("rope_theta", content.get("rope_theta", 10_000.0))),
            norm_epsilon=content["rms_norm_eps"],
            tie_embeddings=content["tie_word_embeddings"],
        )
    except KeyError as error:
        raise ValueError(f"config.json lacks {error}") from error
    needed = {
        "num_key_value_heads": config.heads,
        "head_dim": config.head_width,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
    }
    asked = {name: content.get(name, default) for name, default in needed.items()}
    asked["rope_type"] = rope.get("rope_type", rope.get("type", "default"))
    needed["rope_type"] = "default"
    for name, wanted in needed.items():
        if asked[name] != wanted:
            raise ValueError(f"config.json: only {name} {wanted} is supported, got {asked[name]}")
    return config


def tensors_to_hugging_face(params: Params, config: DecoderConfig) -> dict[str, np.ndarray]:
    """Named float32 tensors of our parameters."""
    tensors = {
        "model.embed_tokens.weight": np.asarray(params["embedding"]["embedding"]),
        "model.norm.weight": np.asarray(params["norm"]["scale"]),
    }
    if not config.tie_embeddings:
        tensors["lm_head.weight"] = np.asarray(params["head"]["kernel"]).T
    for name, leaf, parts in _LAYER_TENSORS:
        for layer, whole in enumerate(np.asarray(params["blocks"][name][leaf])):
            for part, piece in zip(parts, np.split(whole, len(parts), axis=-1), strict=True):
                tensors[f"model.layers.{layer}.{part}.weight"] = piece.T
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def tensors_from_hugging_face(tensors: Mapping[str, np.ndarray], config: DecoderConfig) -> Params:
    """Our float32 parameters from named tensors of any float type.

    Raises:
        ValueError: If a tensor is missing, unknown or of a shape that the config does not give.
    """
    left = dict(tensors)

    def take(name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The transpose of one tensor, in our orientation, which has this shape."""
        if name not in left:
            raise ValueError(f"the weights lack {name}; does config.json belong to them?")
        tensor = left.pop(name).T.astype(np.float32)
        if tensor.shape != shape:
            raise ValueError(f"{name} must have shape {shape[::-1]}, got {tensor.shape[::-1]}")
        return tensor

    width, vocab_size = config.width, config.vocab_size
    params: Params = {
        "embedding": {
            "embedding": _device(take("model.embed_tokens.weight", (width, vocab_size)).T)
        },
        "norm": {"scale": _device(take("model.norm.weight", (width,)))},
        "blocks": {},
    }
    if not config.tie_embeddings:
        params["head"] = {"kernel": _device(take("lm_head.weight", (width, vocab_size)))}
    shapes = decoder.abstract_params(config)["blocks"]
    for name, leaf, parts in _LAYER_TENSORS:
        _, *inputs, outputs = shapes[name][leaf].shape
        shape = (*inputs, outputs // len(parts))
        stacked = [
            np.concatenate(
                [take(f"model.layers.{layer}.{part}.weight", shape) for part in parts], axis=-1
            )
            for layer in range(config.layers)
        ]
        params["blocks"][name] = {leaf: _device(np.stack(stacked))}
    if left:
        raise ValueError(f"the weights have {len(left)} unknown tensors, first {min(left)}")
    return params


def _device(array: np.ndarray) -> Array:
    return jnp.asarray(array, jnp.float32)
