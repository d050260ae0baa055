"""Tokens per second of the sampling loop, with the memory of the prompts shared or copied.

The prompts have been read before the clock starts and no child ends before its last token, so every
token counted belongs to a completion. "Separate" is what sharing saves: every child has a copy of
its prompt's keys and values, as in a batch of unrelated sequences.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from elmjax.bench import memory
from elmjax.bench.timing import compile_time, quartiles, seconds_of
from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.generate import complete
from elmjax.lm.parts import Part, cut
from elmjax.lm.prefill import PromptMemory, prefill
from elmjax.lm.prompt import pad_prompts
from elmjax.lm.sampler import usual_dtype, usual_threads

MODELS = {
    "tiny": DecoderConfig(vocab_size=64, layers=1, width=16, heads=2, hidden=16),
    "1m": DecoderConfig(vocab_size=1024, layers=4, width=128, heads=4, hidden=384),
    "10m": DecoderConfig(vocab_size=2048, layers=8, width=320, heads=5, hidden=864),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """What is decoded: `batch` children, `children` of each parent."""

    model: str
    batch: int
    children: int
    prompt: int  # tokens
    new_tokens: int  # of each child


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """Both ways, in turns."""

    model: str
    parameters: int
    dtype: str
    batch: int
    children: int
    prompt: int
    new_tokens: int
    threads: int
    tokens_per_second: float  # shared, by the median
    quartiles: tuple[float, float]
    separate_tokens_per_second: float
    ratio: float  # median of the paired ratios, shared to separate
    ratio_quartiles: tuple[float, float]
    compile_seconds: float  # of the shared way
    flops_per_second: float  # nominal, shared
    peak_resident_bytes: int
    shared_seconds: list[float]
    separate_seconds: list[float]


def measure(case: Case, repeats: int) -> Row:
    """Times both ways in turns, after one call of each to warm up."""
    config = MODELS[case.model]
    params = jax.jit(decoder.init, static_argnums=0)(config, jax.random.key(0))
    memory.reset_peak()
    with compile_time() as compiling:
        shared = _decoding(params, config, case, separate=False)
        shared(0)
    compile_seconds = sum(compiling)
    separate = _decoding(params, config, case, separate=True)
    separate(0)
    times = [
        (seconds_of(partial(shared, seed)), seconds_of(partial(separate, seed)))
        for seed in range(1, repeats + 1)
    ]
    shared_seconds, separate_seconds = (list(column) for column in zip(*times, strict=True))
    tokens = case.batch * case.new_tokens
    low, rate, high = (tokens / seconds for seconds in quartiles(shared_seconds)[::-1])
    ratios = quartiles([b / a for a, b in times])
    return Row(
        **dataclasses.asdict(case),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params)),
        dtype=str(usual_dtype()),
        threads=usual_threads(),
        tokens_per_second=rate,
        quartiles=(low, high),
        separate_tokens_per_second=tokens / quartiles(separate_seconds)[1],
        ratio=ratios[1],
        ratio_quartiles=(ratios[0], ratios[2]),
        compile_seconds=compile_seconds,
        flops_per_second=rate * flops_per_token(config, case),
        peak_resident_bytes=memory.peak_bytes(),
        shared_seconds=shared_seconds,
        separate_seconds=separate_seconds,
    )


def flops_per_token(config: DecoderConfig, case: Case) -> int:
    """Nominal: two operations a weight of every product, four a place seen and component."""
    layer = 4 * config.width**2 + 3 * config.width * config.hidden
    seen = case.prompt + case.new_tokens // 2
    return (
        2 * config.layers * layer
        + 2 * config.width * config.vocab_size
        + 4 * config.layers * config.width * seen
    )


def sweep(cases: Sequence[Case], repeats: int) -> Iterator[Row]:
    """Rows as they are measured."""
    for case in cases:
        yield measure(case, repeats)


def _decoding(
    params: Params, config: DecoderConfig, case: Case, *, separate: bool
) -> Callable[[int], None]:
    """Decodes a whole batch of given seed, in as many threads as the sampler would."""
    parents = case.batch // case.children
    params = jax.tree.map(lambda weight: weight.astype(usual_dtype()), params)
    parts = cut(parents, parents=parents, children=case.children, threads=usual_threads())
    memories = [_memory(params, config, case, part, separate=separate) for part in parts]
    program = jax.jit(
        partial(
            complete,
            config=config,
            children=1 if separate else parts[0].children,
            max_new_tokens=case.new_tokens,
            end_token=config.vocab_size,
            temperature=1.0,
            top_p=1.0,
        )
    )

    def run(read: PromptMemory, seed: int) -> None:
        jax.block_until_ready(program(params, shared=read, key=jax.random.key(seed)))

    run(memories[0], 0)  # compiles once, not once a thread

    def call(seed: int) -> None:
        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(lambda read: run(read, seed), memories))

    return call


def _memory(
    params: Params, config: DecoderConfig, case: Case, part: Part, *, separate: bool
) -> PromptMemory:
    """What a part remembers of its prompts, copied for each child where `separate`."""
    drawn = np.random.default_rng(part.first_parent)
    prompts = drawn.integers(0, config.vocab_size, (part.parents, case.prompt)).tolist()
    prompt = pad_prompts(prompts, buckets=(case.prompt,))
    read = jax.jit(prefill, static_argnums=1)(params, config, prompt)
    copies = part.children if separate else 1
    return jax.tree.map(lambda leaf: jnp.repeat(leaf, copies, axis=0), read)
