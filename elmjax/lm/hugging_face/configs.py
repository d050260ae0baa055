"""From the `config.json` of a family to the shape of our decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elmjax.lm.config import Activation, DecoderConfig, LayerKind
from elmjax.lm.hugging_face.ropes import rope_of
from elmjax.lm.rope import Rope

Content = Mapping[str, Any]

SLIDING, FULL = "sliding_attention", "full_attention"

_ACTIVATIONS: dict[str, Activation] = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
}


def config_from_hugging_face(content: Content) -> DecoderConfig:
    """Our configuration for a model of one of `FAMILIES`.

    Raises:
        ValueError: If a key is missing, or asks for what our decoder does not do.
    """
    family = content.get("model_type")
    if family not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise ValueError(f"config.json: model_type must be one of {known}; got {family}")
    try:
        return DecoderConfig(**FAMILIES[family](content))
    except KeyError as error:
        raise ValueError(f"config.json lacks {error}") from error


def _llama(content: Content) -> dict[str, Any]:
    return _llama_like(content, tied=False, theta=10_000.0) | {
        "query_key_value_bias": bool(content.get("attention_bias", False)),
        "attention_out_bias": bool(content.get("attention_bias", False)),
        "feed_forward_bias": bool(content.get("mlp_bias", False)),
    }


def _qwen2(content: Content) -> dict[str, Any]:
    read = _llama_like(content, tied=False, theta=10_000.0)
    types = content.get("layer_types") or [
        FULL if layer < content.get("max_window_layers", 28) else SLIDING
        for layer in range(read["layers"])
    ]
    window = content.get("sliding_window") if content.get("use_sliding_window") else None
    rope = read["kinds"][0].rope
    windows = {FULL: None, SLIDING: window}
    return (
        read
        | {"query_key_value_bias": True}
        | _by_layer([LayerKind(rope=rope, window=windows[kind]) for kind in types])
    )


def _qwen3(content: Content) -> dict[str, Any]:
    bias = bool(content.get("attention_bias", False))
    size = content.get("head_dim") or 128
    return _qwen2({**content, "head_dim": size}) | {
        "query_key_norm": True,
        "query_key_value_bias": bias,
        "attention_out_bias": bias,
    }


def _smollm3(content: Content) -> dict[str, Any]:
    read = _llama_like(content, tied=True, theta=2_000_000.0)
    every = content.get("no_rope_layer_interval", 4)
    turning = content.get("no_rope_layers") or [
        int((layer + 1) % every != 0) for layer in range(read["layers"])
    ]
    window = content.get("sliding_window") if content.get("use_sliding_window") else None
    types = content.get("layer_types") or [FULL if turns else SLIDING for turns in turning]
    kinds = [
        LayerKind(
            rope=read["kinds"][0].rope if turns else None,
            window=window if kind == SLIDING else None,
        )
        for turns, kind in zip(turning, types, strict=True)
    ]
    bias = bool(content.get("attention_bias", False))
    return (
        read
        | {"query_key_value_bias": bias, "attention_out_bias": bias}
        | {"feed_forward_bias": bool(content.get("mlp_bias", False))}
        | _by_layer(kinds)
    )


def _starcoder2(content: Content) -> dict[str, Any]:
    _only(content, use_bias=(True, False))
    bias = bool(content.get("use_bias", True))
    epsilon = content.get("norm_epsilon", 1e-5)
    read = _llama_like({**content, "rms_norm_eps": epsilon}, tied=True, theta=10_000.0)
    kind = LayerKind(rope=read["kinds"][0].rope, window=content.get("sliding_window"))
    return read | {
        "norm": "layer",
        "gated": False,
        "query_key_value_bias": bias,
        "attention_out_bias": bias,
        "feed_forward_bias": bias,
        "kinds": (kind,),
    }


def _gemma3(content: Content) -> dict[str, Any]:
    _only(content, use_bidirectional_attention=(False, None))
    content = {
        "hidden_act": content.get("hidden_activation", "gelu_pytorch_tanh"),
        **content,
        "head_dim": content.get("head_dim") or 256,
    }
    read = _llama_like(content, tied=True, theta=1e6)
    every = content.get("sliding_window_pattern", 6)
    types = content.get("layer_types") or [
        SLIDING if (layer + 1) % every else FULL for layer in range(read["layers"])
    ]
    kinds = {
        FULL: LayerKind(rope=rope_of(content, head=content["head_dim"], theta=1e6, of=FULL)),
        SLIDING: LayerKind(
            rope=_local_rope(content, content["head_dim"]), window=content["sliding_window"]
        ),
    }
    bias = bool(content.get("attention_bias", False))
    return (
        read
        | {
            "norm": "rms_offset",
            "norm_after": True,
            "query_key_norm": True,
            "query_scale": content.get("query_pre_attn_scalar", 256) ** -0.5,
            "attention_cap": content.get("attn_logit_softcapping"),
            "logit_cap": content.get("final_logit_softcapping"),
            "embedding_scale": read["width"] ** 0.5,
            "query_key_value_bias": bias,
            "attention_out_bias": bias,
        }
        | _by_layer([kinds[kind] for kind in types])
    )


def _local_rope(content: Content, head: int) -> Rope:
    """Of windowed layers, which older files describe by one number and never stretch."""
    if SLIDING in (content.get("rope_parameters") or {}):
        return rope_of(content, head=head, theta=10_000.0, of=SLIDING)
    return Rope(theta=float(content.get("rope_local_base_freq", 10_000.0)))


def _gpt2(content: Content) -> dict[str, Any]:
    _only(
        content,
        scale_attn_weights=(True,),
        scale_attn_by_inverse_layer_idx=(False,),
        add_cross_attention=(False,),
    )
    return _gpt_like(content, tied=True) | {
        "learned_positions": content["n_positions"],
        "kinds": (LayerKind(rope=None),),
        "query_key_value_bias": True,
        "attention_out_bias": True,
    }


def _gptj(content: Content) -> dict[str, Any]:
    _only(content, tie_word_embeddings=(False,))
    rope = Rope(rotated=content["rotary_dim"], neighbours=True)
    return _gpt_like(content, tied=False) | {
        "parallel": True,
        "head_bias": True,
        "kinds": (LayerKind(rope=rope),),
    }


def _codegen(content: Content) -> dict[str, Any]:
    read = _gptj(content)
    if read["heads"] % 4 != 0:
        raise ValueError(f"config.json: n_head must be a multiple of 4, got {read['heads']}")
    return read


FAMILIES: dict[str, Callable[[Content], dict[str, Any]]] = {
    "gpt2": _gpt2,
    "codegen": _codegen,
    "gptj": _gptj,
    "llama": _llama,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "starcoder2": _starcoder2,
    "smollm3": _smollm3,
    "gemma3_text": _gemma3,
}


def _llama_like(content: Content, *, tied: bool, theta: float) -> dict[str, Any]:
    """What most families say in the same words."""
    width, heads = content["hidden_size"], content["num_attention_heads"]
    head = content.get("head_dim") or width // heads
    shared = content.get("num_key_value_heads")
    return {
        "vocab_size": content["vocab_size"],
        "layers": content["num_hidden_layers"],
        "width": width,
        "heads": heads,
        "hidden": content["intermediate_size"],
        "key_value_heads": None if shared == heads else shared,
        "head_size": None if head * heads == width else head,
        "norm_epsilon": content["rms_norm_eps"],
        "activation": _activation(content["hidden_act"]),
        "kinds": (LayerKind(rope=rope_of(content, head=head, theta=theta)),),
        "tie_embeddings": content.get("tie_word_embeddings", tied),
    }


def _gpt_like(content: Content, *, tied: bool) -> dict[str, Any]:
    """What the families of OpenAI's GPT-2 say in the same words."""
    return {
        "vocab_size": content["vocab_size"],
        "layers": content["n_layer"],
        "width": content["n_embd"],
        "heads": content["n_head"],
        "hidden": content.get("n_inner") or 4 * content["n_embd"],
        "norm": "layer",
        "norm_epsilon": content["layer_norm_epsilon"],
        "activation": _activation(content["activation_function"]),
        "gated": False,
        "feed_forward_bias": True,
        "tie_embeddings": content.get("tie_word_embeddings", tied),
    }


def _activation(name: str) -> Activation:
    if name not in _ACTIVATIONS:
        known = ", ".join(_ACTIVATIONS)
        raise ValueError(f"config.json: the activation must be one of {known}; got {name}")
    return _ACTIVATIONS[name]


def _by_layer(kinds: Sequence[LayerKind]) -> dict[str, Any]:
    """The different kinds, and which of them each layer is."""
    different = tuple(dict.fromkeys(kinds))
    pattern = tuple(map(different.index, kinds)) if len(different) > 1 else ()
    return {"kinds": different, "pattern": pattern}


def _only(content: Content, **supported: tuple[Any, ...]) -> None:
    for name, values in supported.items():
        if content.get(name, values[0]) not in values:
            wanted = " or ".join(map(str, values))
            raise ValueError(f"config.json: only {name} {wanted} is supported, got {content[name]}")
