"""How the tensors of a family are called and laid out in its files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from elmjax.lm.config import DecoderConfig

# Constants that older versions of transformers stored beside the weights.
CONSTANTS = re.compile(r"\.attn\.(bias|masked_bias|causal_mask|embed_positions)$|\.inv_freq$")

# Salesforce's CodeGen was trained on four cores, and its fused projection is in four parts.
CODEGEN_CORES = 4


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Names of a family.

    Attributes:
        base: What the names of all but the output layer begin with; some files leave it out.
        embedding: Likewise the table of tokens, the final norm, and the table of positions.
        layer: Of a layer, with its number for `{}`.
        parts: The modules that together are one of ours, whose outputs they share in this order.
        inputs_first: Whether matrices are stored [inputs, outputs] in layers.
        cores: Parts of a fused projection, each with queries, values and keys; 0: it is ours.
    """

    base: str
    embedding: str
    norm: str
    layer: str
    parts: Mapping[str, tuple[str, ...]]
    position: str = ""
    inputs_first: bool = False
    cores: int = 0

    def path(self, layer: int, name: str) -> str:
        """A layer's module, as files name it."""
        return f"{self.base}{self.layer.format(layer)}{name}"

    def widths(self, config: DecoderConfig, module: str, outputs: int) -> tuple[int, ...]:
        """Outputs of each of the modules that together are one of ours."""
        parts = len(self.parts[module])
        if module == "query_key_value" and parts == 3:
            return config.projections
        return (outputs // parts,) * parts

    def order(self, module: str, outputs: int) -> np.ndarray:
        """Which of the stored outputs each of ours is."""
        index = np.arange(outputs)
        if self.cores == 0 or module != "query_key_value":
            return index
        # Every core stores its heads' queries, values and keys.
        query, value, key = np.moveaxis(index.reshape(self.cores, 3, -1), 1, 0)
        return np.concatenate([query.ravel(), key.ravel(), value.ravel()])


_LLAMA_PARTS = {
    "attention_norm": ("input_layernorm",),
    "query_key_value": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "query_norm": ("self_attn.q_norm",),
    "key_norm": ("self_attn.k_norm",),
    "attention_out": ("self_attn.o_proj",),
    "feed_forward_norm": ("post_attention_layernorm",),
    "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "down": ("mlp.down_proj",),
}
_GEMMA_PARTS = _LLAMA_PARTS | {
    "attention_after_norm": ("post_attention_layernorm",),
    "feed_forward_norm": ("pre_feedforward_layernorm",),
    "feed_forward_after_norm": ("post_feedforward_layernorm",),
}
_STARCODER_PARTS = _LLAMA_PARTS | {"up": ("mlp.c_fc",), "down": ("mlp.c_proj",)}
_GPT2_PARTS = {
    "attention_norm": ("ln_1",),
    "query_key_value": ("attn.c_attn",),
    "attention_out": ("attn.c_proj",),
    "feed_forward_norm": ("ln_2",),
    "up": ("mlp.c_fc",),
    "down": ("mlp.c_proj",),
}
_GPTJ_PARTS = {
    "attention_norm": ("ln_1",),
    "query_key_value": ("attn.q_proj", "attn.k_proj", "attn.v_proj"),
    "attention_out": ("attn.out_proj",),
    "up": ("mlp.fc_in",),
    "down": ("mlp.fc_out",),
}


def _llama_like(parts: Mapping[str, tuple[str, ...]]) -> Layout:
    return Layout(
        base="model.", embedding="embed_tokens", norm="norm", layer="layers.{}.", parts=parts
    )


def _gpt_like(parts: Mapping[str, tuple[str, ...]], **own: object) -> Layout:
    names = {"base": "transformer.", "embedding": "wte", "norm": "ln_f", "layer": "h.{}."}
    return Layout(parts=parts, **names, **own)  # type: ignore[arg-type]


LAYOUTS: dict[str, Layout] = {
    "gpt2": _gpt_like(_GPT2_PARTS, position="wpe", inputs_first=True),
    "codegen": _gpt_like(
        _GPTJ_PARTS | {"query_key_value": ("attn.qkv_proj",)}, cores=CODEGEN_CORES
    ),
    "gptj": _gpt_like(_GPTJ_PARTS),
    "llama": _llama_like(_LLAMA_PARTS),
    "qwen2": _llama_like(_LLAMA_PARTS),
    "qwen3": _llama_like(_LLAMA_PARTS),
    "starcoder2": _llama_like(_STARCODER_PARTS),
    "smollm3": _llama_like(_LLAMA_PARTS),
    "gemma3_text": _llama_like(_GEMMA_PARTS),
}
