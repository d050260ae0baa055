"""Shape of a decoder: everything that decides which arrays its parameters are and what they mean.

One decoder hosts many families of models, because each is a choice of these options; how the files
of a family name them is the business of `elmjax.lm.hugging_face`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from elmjax.lm.lora.shape import LoRA
from elmjax.lm.rope import Rope

Norm = Literal["rms", "rms_offset", "layer"]
Activation = Literal["silu", "gelu", "gelu_tanh", "relu"]


@dataclass(frozen=True, kw_only=True)
class LayerKind:
    """How attention differs between the layers of one model.

    Raises:
        ValueError: If the window holds no token.
    """

    rope: Rope | None = field(default_factory=Rope)  # None: queries and keys are not turned
    window: int | None = None  # tokens that a token sees, itself included; None: all before it

    def __post_init__(self) -> None:
        if self.window is not None and self.window < 1:
            raise ValueError(f"window must be at least 1 or None, got {self.window}")


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """A decoder; by default one of the Llama family: RMSNorm, rotary positions, SwiGLU, no biases.

    Hashable, so that it can key a compilation.

    Raises:
        ValueError: If a size is not positive or does not divide another that it must divide.
    """

    vocab_size: int
    layers: int
    width: int
    heads: int
    hidden: int  # width of the feed-forward layer
    key_value_heads: int | None = None  # each serves equally many heads; None: one for each
    head_size: int | None = None  # components of a head; None: the heads share the width
    norm: Norm = "rms"  # "rms_offset" stores the distance of its scale from 1
    norm_epsilon: float = 1e-5
    norm_after: bool = False  # what attention and feed-forward give is normalised too
    query_key_norm: bool = False  # every head's query and key are normalised, before they turn
    query_scale: float | None = None  # of scores; None: one over the root of a head's size
    attention_cap: float | None = None  # scores s become cap tanh(s / cap)
    logit_cap: float | None = None  # likewise the next-token scores
    activation: Activation = "silu"
    gated: bool = True  # the feed-forward multiplies two projections, of which one is activated
    parallel: bool = False  # attention and feed-forward read one norm and are added at once
    query_key_value_bias: bool = False
    attention_out_bias: bool = False
    feed_forward_bias: bool = False
    head_bias: bool = False  # of the output layer, where it is not tied
    learned_positions: int = 0  # rows of a table added to the embeddings; 0: no table
    embedding_scale: float = 1.0  # of embeddings, when the first layer reads them
    kinds: tuple[LayerKind, ...] = (LayerKind(),)
    pattern: tuple[int, ...] = ()  # which of `kinds` each layer is; empty: all are the first
    tie_embeddings: bool = True
    recompute: bool = False  # a backward pass computes layers anew instead of keeping them
    lora: LoRA | None = (
        None  # pairs of small matrices beside some projections; None: there are none
    )

    def __post_init__(self) -> None:
        for name in ("vocab_size", "layers", "width", "heads", "hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.head_size is None and self.width % self.heads != 0:
            raise ValueError(
                f"width must be a multiple of the heads; got width {self.width} and heads "
                f"{self.heads}"
            )
        if self.heads % self.shared_heads != 0:
            raise ValueError(
                f"key_value_heads must divide the heads; got {self.key_value_heads} and "
                f"{self.heads}"
            )
        if self.pattern and (
            len(self.pattern) != self.layers or not set(self.pattern) <= set(range(len(self.kinds)))
        ):
            raise ValueError(
                f"pattern must name one of {len(self.kinds)} kinds for each of {self.layers} "
                f"layers, got {self.pattern}"
            )
        ropes = [kind.rope for kind in self.kinds if kind.rope is not None]
        for rope in ropes:
            self._check_rotation(rope.components(self.head_width))
        if len({(rope.rotated, rope.neighbours) for rope in ropes}) > 1:
            raise ValueError(
                "all layers that rotate must rotate the same components in the same pairs"
            )

    def _check_rotation(self, turned: int) -> None:
        """Rotary positions pair the components of a head."""
        if turned % 2 != 0 or not 0 < turned <= self.head_width:
            raise ValueError(
                f"the {turned} rotated components of a head must be even and at most all; got "
                f"width {self.width} and heads {self.heads}, so {self.head_width} components"
            )

    @property
    def head_width(self) -> int:
        """Components of one head's query, key and value."""
        return self.width // self.heads if self.head_size is None else self.head_size

    @property
    def shared_heads(self) -> int:
        """Heads of keys and values, each of which serves a group of query heads."""
        return self.heads if self.key_value_heads is None else self.key_value_heads

    @property
    def projections(self) -> tuple[int, int, int]:
        """Widths of the queries, the keys and the values of all heads."""
        shared = self.shared_heads * self.head_width
        return self.heads * self.head_width, shared, shared

    @property
    def score_scale(self) -> float:
        """What products of queries and keys are multiplied by."""
        return self.head_width**-0.5 if self.query_scale is None else self.query_scale

    def plain(self) -> DecoderConfig:
        """The same shape with every choice spelled out, to compare."""
        return replace(
            self,
            key_value_heads=self.shared_heads,
            head_size=self.head_width,
            query_scale=self.score_scale,
            recompute=False,
        )
