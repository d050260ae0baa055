"""Prompts: token sequences of different lengths, padded on the right to a common bucket."""

from __future__ import annotations

from collections.abc import Sequence

import flax.struct
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.lm import attention

# Every length is padded up to one of these, so that few programs are compiled.
PROMPT_BUCKETS = (64, 128, 192, 256, 384, 512, 768, 1024)


@flax.struct.dataclass
class Prompt:
    """What is read before the first token is drawn: optional prefix embeddings, then tokens."""

    tokens: Array  # [parents, time] int32, padded on the right with anything
    length: Array  # [parents] int32, tokens that are real; 0 marks an absent parent
    prefix: Array | None = None  # [parents, slots, width] embeddings, all of them real

    @property
    def slots(self) -> int:
        """Prefix embeddings before the first token."""
        return 0 if self.prefix is None else self.prefix.shape[1]

    @property
    def total_length(self) -> Array:
        """[parents] int32: position of the first completion token."""
        return self.length + self.slots

    def position(self) -> Array:
        """[parents, slots + time] int32."""
        time = self.slots + self.tokens.shape[1]
        index = jnp.arange(time, dtype=jnp.int32)
        return jnp.broadcast_to(index, (self.tokens.shape[0], time))

    def mask(self) -> Array:
        """Causal mask [parents, slots + time, slots + time] bool."""
        return attention.causal_mask(self.total_length, self.slots + self.tokens.shape[1])

    def with_prefix(self, embedded: Array) -> Array:
        """Puts the prefix before the embedded tokens: [parents, slots + time, width]."""
        if self.prefix is None:
            return embedded
        return jnp.concatenate([self.prefix.astype(embedded.dtype), embedded], axis=1)


def pad_prompts(
    prompts: Sequence[Sequence[int]],
    *,
    buckets: Sequence[int] = PROMPT_BUCKETS,
    parents: int | None = None,
    prefix: np.ndarray | Array | None = None,
) -> Prompt:
    """Builds a `Prompt` on the host.

    Args:
        prompts: Token ids, at least one each.
        buckets: Ascending padded lengths to choose from.
        parents: Rows to pad to with absent parents, whose completions come back empty.
        prefix: [len(prompts), slots, width] embeddings placed before the tokens.

    Raises:
        ValueError: If there is no prompt, one is empty, one is longer than the largest bucket, or
            the rows of `prefix` or `parents` do not match.
    """
    rows = len(prompts) if parents is None else parents
    lengths = [len(prompt) for prompt in prompts]
    if not lengths or min(lengths) == 0:
        raise ValueError(f"every prompt needs at least one token, got lengths {lengths}")
    if rows < len(prompts):
        raise ValueError(f"parents must be at least the {len(prompts)} prompts, got {rows}")
    tokens = np.zeros((rows, bucket_for(max(lengths), buckets)), np.int32)
    for row, prompt in zip(tokens, prompts, strict=False):
        row[: len(prompt)] = prompt
    length = np.array(lengths + [0] * (rows - len(lengths)), np.int32)
    if prefix is not None:
        if prefix.shape[0] != len(prompts):
            raise ValueError(
                f"prefix must have one row per prompt, got {prefix.shape[0]} for {len(prompts)}"
            )
        prefix = jnp.pad(jnp.asarray(prefix), ((0, rows - len(prompts)), (0, 0), (0, 0)))
    return Prompt(tokens=jnp.asarray(tokens), length=jnp.asarray(length), prefix=prefix)


def bucket_for(length: int, buckets: Sequence[int] = PROMPT_BUCKETS) -> int:
    """The smallest bucket that holds `length`.

    Raises:
        ValueError: If none does.
    """
    for bucket in buckets:
        if length <= bucket:
            return bucket
    raise ValueError(
        f"a prompt has {length} tokens but the largest bucket holds {max(buckets)}; "
        f"shorten it or pass larger buckets"
    )
