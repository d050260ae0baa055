"""The `config.json` of models that were trained here from scratch."""

from __future__ import annotations

from typing import Any

from elmjax.lm.config import DecoderConfig
from elmjax.lm.hugging_face.configs import config_from_hugging_face


def config_to_hugging_face(config: DecoderConfig) -> dict[str, Any]:
    """Content of `config.json` of a plain Llama, without the ids of special tokens.

    Raises:
        ValueError: If the decoder has what no Llama has.
    """
    rope = config.kinds[0].rope
    content: dict[str, Any] = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "num_hidden_layers": config.layers,
        "hidden_size": config.width,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.shared_heads,
        "head_dim": config.head_width,
        "intermediate_size": config.hidden,
        "hidden_act": "silu",
        "rms_norm_eps": config.norm_epsilon,
        "tie_word_embeddings": config.tie_embeddings,
        "attention_bias": False,
        "mlp_bias": False,
    }
    if rope is not None:
        # transformers 5 reads the first, versions before it the second.
        content["rope_parameters"] = {"rope_type": "default", "rope_theta": rope.theta}
        content["rope_theta"] = rope.theta
    if config_from_hugging_face(content).plain() != config.plain():
        raise ValueError(
            "a decoder that is no plain Llama is saved under the config.json it was loaded with"
        )
    return content
