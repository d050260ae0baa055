"""Shape of a decoder: everything that decides which arrays its parameters are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """A decoder of the Llama family: RMSNorm, rotary positions, SwiGLU, no biases.

    Hashable, so that it can key a compilation. The architecture is exactly that of Hugging Face's
    `LlamaForCausalLM` with as many key-value heads as heads; `elmjax.lm.store` relies on it.

    Raises:
        ValueError: If a size is not positive or the heads do not divide the width evenly.
    """

    vocab_size: int
    layers: int
    width: int
    heads: int
    hidden: int  # width of the feed-forward layer
    rope_theta: float = 10_000.0
    norm_epsilon: float = 1e-5
    tie_embeddings: bool = True

    def __post_init__(self) -> None:
        for name in ("vocab_size", "layers", "width", "heads", "hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.width % (2 * self.heads) != 0:
            raise ValueError(
                f"width must be a multiple of twice the heads, so that rotary positions can pair "
                f"the components of a head; got width {self.width} and heads {self.heads}"
            )

    @property
    def head_width(self) -> int:
        """Components of one head's query, key and value."""
        return self.width // self.heads
