"""The edge of sampling: lists of token ids in, arrays on the host out, few compiled programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.lm import generate
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.prompt import PROMPT_BUCKETS, Prompt, pad_prompts
from elmjax.lm.transcript import Completions

# A slot writes about so many children one after the other, which keeps most slots busy until the
# last children. Steps of fewer rows than `LEAST_SLOTS` a prompt cost almost as much as theirs.
CHILDREN_PER_SLOT = 4
LEAST_SLOTS = 16


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """Draws completions of prompts; compiles once per bucket of prompt lengths.

    Equal samplers share their compiled programs. Temperature and nucleus are data: changing them
    compiles nothing.

    Raises:
        ValueError: If `children`, `max_new_tokens` or `slots` is below 1.
    """

    config: DecoderConfig
    children: int  # completions per prompt
    max_new_tokens: int  # the end token counted
    end_token: int
    pad_token: int = 0
    prompt_buckets: tuple[int, ...] = PROMPT_BUCKETS
    parents: int | None = None  # prompts of every call are padded to this many; None: as they come
    slots: int | None = None  # children of a prompt written at a time; None: `slots_for`

    def __post_init__(self) -> None:
        for name in ("children", "max_new_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.slots is not None and self.slots < 1:
            raise ValueError(f"slots must be at least 1 or None, got {self.slots}")

    def __call__(
        self,
        params: Params,
        prompts: Sequence[Sequence[int]],
        key: Array,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        prefix: np.ndarray | Array | None = None,
    ) -> Completions:
        """Draws `children` completions of each prompt.

        Args:
            params: Of `decoder.init`.
            prompts: Token ids.
            key: Typed PRNG key.
            temperature: 0 or more; 0 is greedy.
            top_p: In (0, 1].
            prefix: [len(prompts), slots, width] embeddings read before the prompts.

        Returns:
            NumPy arrays with one row per prompt.

        Raises:
            ValueError: If temperature or top_p is out of range, or a prompt does not fit.
        """
        if not temperature >= 0.0:
            raise ValueError(f"temperature must be at least 0, got {temperature}")
        if not 0.0 < top_p <= 1.0:
            raise ValueError(f"top_p must be above 0 and at most 1, got {top_p}")
        prompt = pad_prompts(
            prompts, buckets=self.prompt_buckets, parents=self.parents, prefix=prefix
        )
        drawn = compiled_sample(
            self.config,
            self.children,
            self.max_new_tokens,
            self.end_token,
            self.pad_token,
            slots=self.slots or slots_for(self.children),
        )(params, prompt, key, temperature=jnp.float32(temperature), top_p=jnp.float32(top_p))
        return jax.tree.map(lambda leaf: np.asarray(leaf)[: len(prompts)], drawn)


def slots_for(children: int) -> int:
    """How many children of a prompt to write at a time: few steps, but few idle slots too."""
    return min(children, max(LEAST_SLOTS, -(-children // CHILDREN_PER_SLOT)))


@lru_cache(maxsize=64)
def compiled_sample(
    config: DecoderConfig,
    children: int,
    max_new_tokens: int,
    end_token: int,
    pad_token: int = 0,
    *,
    slots: int | None = None,
) -> Callable[..., Completions]:
    """`generate.sample` under `jit`.

    Returns:
        A function of (params, prompt, key, *, temperature, top_p); equal arguments, same function.
    """

    def sample(params: Params, prompt: Prompt, key: Array, **traced: Array) -> Completions:
        return generate.sample(
            params,
            config,
            prompt,
            key,
            children=children,
            max_new_tokens=max_new_tokens,
            end_token=end_token,
            pad_token=pad_token,
            slots=slots,
            **traced,
        )

    return jax.jit(sample)
