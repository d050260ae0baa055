"""The edge of sampling: lists of token ids in, arrays on the host out, few compiled programs."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.dist.placement import TENSOR, Placement, fetch
from elmjax.lm import generate
from elmjax.lm.automaton import Automaton
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.parts import Part, cut, join
from elmjax.lm.places import Places
from elmjax.lm.prompt import PROMPT_BUCKETS, Prompt, bucket_for, pad_prompts
from elmjax.lm.rows import Deal, apart, by_row, traced_by_row, traced_shardings
from elmjax.lm.split import lying, reading_shardings
from elmjax.lm.transcript import Completions

# A slot writes about so many children one after the other, which keeps most slots busy until the
# last children. Steps of fewer rows than `LEAST_SLOTS` a prompt cost almost as much as theirs.
CHILDREN_PER_SLOT = 4
LEAST_SLOTS = 16

# Devices of a mesh wait for each other: programs of several threads start on all in one order.
_STARTING = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Call:
    """A program that samples, and what it is given."""

    program: Callable[..., Completions]
    given: tuple[Any, ...]  # parameters, prompt, key and what is traced
    shardings: tuple[Any, ...] | None = None  # where these are to lie; None: on one device


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """Draws completions of prompts; compiles once per bucket of prompt lengths.

    A model is sampled where its parameters lie: on one device, or on all of a `Placement`, which
    share the rows. Equal samplers share their compiled programs. Temperature, nucleus, key and
    automaton are data: changing them compiles nothing.

    Raises:
        ValueError: If `children`, `max_new_tokens`, `slots` or `threads` is below 1.
    """

    config: DecoderConfig
    children: int  # completions per prompt
    max_new_tokens: int  # the end token counted
    end_token: int
    pad_token: int = 0
    prompt_buckets: tuple[int, ...] = PROMPT_BUCKETS
    parents: int | None = None  # prompts of every call are padded to this many; None: as they come
    slots: int | None = None  # children of a prompt written at a time; None: `slots_for`
    threads: int | None = None  # parts of a call that run side by side; None: `usual_threads`
    dtype: np.dtype[Any] | None = None  # of weights and memory; None: `usual_dtype`

    def __post_init__(self) -> None:
        for name in ("children", "max_new_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("slots", "threads"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"{name} must be at least 1 or None, got {number}")

    def __call__(
        self,
        params: Params,
        prompts: Sequence[Sequence[int]],
        key: Array,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        prefix: np.ndarray | Array | None = None,
        automaton: Automaton | None = None,
        places: Places | None = None,
    ) -> Completions:
        """Draws `children` completions of each prompt.

        Args:
            params: Of `decoder.init`.
            prompts: Token ids.
            key: Typed PRNG key.
            temperature: 0 or more; 0 is greedy.
            top_p: In (0, 1].
            prefix: [len(prompts), slots, width] embeddings read before the prompts.
            automaton: Which tokens may follow, with a row of `permitted` for each prompt.
            places: Where tokens stand, with a row of `named` for each prompt.

        Returns:
            NumPy arrays with one row per prompt.

        Raises:
            ValueError: If temperature or top_p is out of range, or a prompt does not fit.
        """
        calls = self.calls(
            params,
            prompts,
            key,
            temperature=temperature,
            top_p=top_p,
            prefix=prefix,
            automaton=automaton,
            places=places,
        )
        if (placement := lying(params)) is not None:
            (only,) = calls
            deal = self._deal(placement, len(prompts))
            return deal.join(_drawn(placement, only), children=self.children)
        # Compiled here: two threads would compile the same program twice.
        ready = [partial(_compiled(call.program, *call.given), *call.given) for call in calls]
        with ThreadPoolExecutor(len(ready)) as pool:
            drawn = list(pool.map(lambda each: jax.block_until_ready(each()), ready))
        parts = self._parts(len(prompts))
        return join(parts, drawn, prompts=len(prompts), children=self.children)

    def calls(
        self,
        params: Params,
        prompts: Sequence[Sequence[int]],
        key: Array,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        prefix: np.ndarray | Array | None = None,
        automaton: Automaton | None = None,
        places: Places | None = None,
    ) -> list[Call]:
        """The programs that a call runs and what they are given: one, or one for each part.

        Arguments and errors are those of a call. Of the parameters it matters where they lie.
        """
        if not temperature >= 0.0:
            raise ValueError(f"temperature must be at least 0, got {temperature}")
        if not 0.0 < top_p <= 1.0:
            raise ValueError(f"top_p must be above 0 and at most 1, got {top_p}")
        how = {"temperature": np.float32(temperature), "top_p": np.float32(top_p)}
        if (placement := lying(params)) is not None:
            deal = self._deal(placement, len(prompts))
            prompt = pad_prompts(prompts, buckets=self.prompt_buckets, prefix=prefix)
            traced = how | traced_by_row(deal, automaton, places)
            return [
                Call(
                    program=self._program(deal.children, placement),
                    given=(params, by_row(deal, prompt), key, traced),
                    shardings=(
                        reading_shardings(placement, self.config),
                        placement.rows,
                        placement.everywhere,
                        traced_shardings(placement, traced),
                    ),
                )
            ]
        return [
            Call(
                program=self._program(part.children),
                given=(
                    params,
                    self._prompt(prompts, part, prefix),
                    key,
                    how | _traced(part, automaton, places),
                ),
            )
            for part in self._parts(len(prompts))
        ]

    def _parts(self, prompts: int) -> list[Part]:
        return cut(
            prompts,
            parents=max(self.parents or 0, prompts),
            children=self.children,
            threads=self.threads or usual_threads(),
        )

    def _deal(self, placement: Placement, prompts: int) -> Deal:
        return Deal.of(
            prompts,
            parents=max(self.parents or 0, prompts),
            children=self.children,
            shards=placement.row_shards,
        )

    def _prompt(
        self, prompts: Sequence[Sequence[int]], part: Part, prefix: np.ndarray | Array | None
    ) -> Prompt:
        """The part's prompts, in the bucket of the longest of all."""
        return pad_prompts(
            prompts[part.rows],
            buckets=(bucket_for(max(map(len, prompts)), self.prompt_buckets),),
            parents=part.parents,
            prefix=None if prefix is None else prefix[part.rows],
        )

    def _program(
        self, children: int, placement: Placement | None = None
    ) -> Callable[..., Completions]:
        return compiled_sample(
            self.config,
            children,
            self.max_new_tokens,
            self.end_token,
            self.pad_token,
            slots=self.slots or slots_for(children),
            dtype=self.dtype or usual_dtype(),
            placement=placement,
        )


def _drawn(placement: Placement, call: Call) -> Completions:
    """What a program draws that runs on all devices, in NumPy."""
    assert call.shardings is not None
    with _STARTING:
        given = map(placement.put, call.given, call.shardings)
        drawn = call.program(*given)
    return fetch(drawn)


def slots_for(children: int) -> int:
    """How many children of a prompt to write at a time: few steps, but few idle slots too."""
    return min(children, max(LEAST_SLOTS, -(-children // CHILDREN_PER_SLOT)))


def usual_threads(platform: str | None = None) -> int:
    """Parts that keep the device busy: a thread for every core on a CPU, else one."""
    if (platform or jax.default_backend()) != "cpu":
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usual_dtype(platform: str | None = None) -> np.dtype[Any]:
    """What the device samples fastest in: float32 on a CPU, else bfloat16."""
    on_cpu = (platform or jax.default_backend()) == "cpu"
    return jnp.dtype(jnp.float32 if on_cpu else jnp.bfloat16)


@lru_cache(maxsize=64)
def compiled_sample(
    config: DecoderConfig,
    children: int,
    max_new_tokens: int,
    end_token: int,
    pad_token: int = 0,
    *,
    slots: int | None = None,
    dtype: np.dtype[Any] | None = None,
    placement: Placement | None = None,
) -> Callable[..., Completions]:
    """`generate.sample` under `jit`.

    Args:
        config: Shape of the decoder.
        children: As in `generate.complete`, and likewise those that follow.
        max_new_tokens: Most tokens of a completion.
        end_token: Token that ends a completion.
        pad_token: What rows hold after their end.
        slots: Children of a parent that are written at a time.
        dtype: Of weights and memory; None: float32.
        placement: Where it runs: parameters as `split.reading_shardings`, prompts by row, what is
            traced as `traced_shardings`. None: on the default device.

    Returns:
        A function of (params, prompt, key, traced), the last a dict of the arguments of
        `generate.sample` that may be traced; equal arguments, same function.
    """

    def sample(params: Params, prompt: Prompt, key: Array, traced: dict[str, Any]) -> Completions:
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
            dtype=jnp.float32 if dtype is None else dtype,
            **traced,
        )

    if placement is None:
        return jax.jit(sample)
    whole = sample if placement.mesh.shape[TENSOR] > 1 else apart(sample, placement)
    return jax.jit(whole, out_shardings=placement.rows)


def _traced(part: Part, automaton: Automaton | None, places: Places | None) -> dict[str, Any]:
    traced: dict[str, Any] = {
        "parent": np.arange(part.parents, dtype=np.int32) + np.int32(part.first_parent),
        "first_child": np.int32(part.first_child),
    }
    if automaton is not None:
        permitted = _rows_of(part, automaton.permitted, otherwise=True)
        traced["automaton"] = dataclasses.replace(automaton, permitted=permitted)
    if places is not None:
        named = _rows_of(part, places.named, otherwise=-1)
        traced["places"] = dataclasses.replace(places, named=named)
    return traced


def _rows_of(part: Part, table: Array, *, otherwise: int) -> Array:
    """The part's rows of a table with one for each prompt; absent parents have one value."""
    present = np.asarray(table)[part.rows]
    absent = ((0, part.parents - len(present)), (0, 0))
    return jnp.asarray(np.pad(present, absent, constant_values=otherwise))


def _compiled(program: Callable[..., Completions], *arguments: Any) -> Callable[..., Completions]:
    """The program compiled for the shapes of some arguments; once for equal ones."""
    leaves, tree = jax.tree.flatten(arguments)
    shapes = tuple(jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves)
    return compile_once(program, tree, shapes)


@lru_cache(maxsize=256)
def compile_once(
    program: Any, tree: Any, shapes: tuple[jax.ShapeDtypeStruct, ...]
) -> Callable[..., Completions]:
    """Compiles a program for one set of shapes; its cache counts what was compiled."""
    return program.lower(*tree.unflatten(shapes)).compile()
