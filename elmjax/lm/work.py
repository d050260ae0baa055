"""What a decoder computes, counted by hand: operations of its matrices, two a weight and token.

Scores and sums of attention, norms and activations are not counted, nor looking up an embedding: a
utilisation from this count is a lower bound, near where rows are short beside the width. A gradient
costs twice its forward pass (Kaplan et al. 2020, section 2.1, https://arxiv.org/abs/2001.08361).
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from functools import lru_cache

import jax

from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import abstract_params

TRAINING = 3  # forward passes that a token of a training step costs


@lru_cache(maxsize=64)
def operations_per_token(config: DecoderConfig) -> int:
    """Floating-point operations of one forward pass of one token, the output layer included."""
    blocks = jax.tree.leaves(abstract_params(config)["blocks"])
    # Every array leads with the layer axis; biases and the scales of norms have one other.
    weights = sum(math.prod(leaf.shape) for leaf in blocks if len(leaf.shape) > 2)
    return 2 * (weights + config.width * config.vocab_size)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What has been sampled."""

    tokens: int = 0
    operations: int = 0  # floating-point, of the decoder
    seconds: float = 0.0  # that it took

    def __add__(self, other: Drawn) -> Drawn:
        return Drawn(
            tokens=self.tokens + other.tokens,
            operations=self.operations + other.operations,
            seconds=self.seconds + other.seconds,
        )


@dataclass
class Meter:
    """Adds up what some threads sample, until another takes it."""

    _drawn: Drawn = field(default_factory=Drawn)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, config: DecoderConfig, tokens: int, seconds: float) -> None:
        """Counts the tokens of a call of the sampler."""
        operations = tokens * operations_per_token(config)
        with self._lock:
            self._drawn += Drawn(tokens=tokens, operations=operations, seconds=seconds)

    def take(self) -> Drawn:
        """What has been added since it was last taken."""
        with self._lock:
            drawn, self._drawn = self._drawn, Drawn()
        return drawn
