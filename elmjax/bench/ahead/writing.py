"""Programs that sample: prompts are read and completions drawn, in one program each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax

from elmjax.bench.ahead.models import abstract_model
from elmjax.bench.ahead.program import Program, Target, laid
from elmjax.diffs import DiffVerdict
from elmjax.lm.decoder import Params
from elmjax.lm.prompt import PROMPT_BUCKETS, bucket_for
from elmjax.lm.sampler import Sampler, usual_dtype
from elmjax.lm.store import LanguageModel
from elmjax.mutators.language import LanguageMutator
from elmjax.mutators.request import Request
from elmjax.stages.operators import language_mutator, weights
from elmjax.stages.run import language_model
from elmjax.stages.samples import program_sampler
from elmjax.stages.seeding import seed_programs


def draws(
    target: Target,
    name: str,
    sampler: Sampler,
    params: Params,
    prompts: Sequence[Sequence[int]],
    *,
    beside: int = 0,
    **how: Any,
) -> Program:
    """A call of a sampler.

    Args:
        target: Whose.
        name: Of the program.
        sampler: As the stage makes it.
        params: Abstract, of the model, lying as they are read.
        prompts: Token ids.
        beside: As in `Program`.
        how: As in a call of the sampler.
    """
    there = replace(sampler, threads=1, dtype=sampler.dtype or usual_dtype("tpu"))
    (call,) = there.calls(params, prompts, jax.random.key(0), **how)
    shardings = call.shardings or (target.placement.everywhere,) * len(call.given)
    rows, longest = call.given[1].tokens.shape
    program: Any = call.program
    return Program(
        stage=target.stage,
        name=name,
        shape=f"{rows} rows of {longest}, {sampler.children} x {sampler.max_new_tokens} tokens",
        devices=target.placement.size,
        lower=partial(program.lower, *map(laid, call.given, shardings)),
        beside=beside,
    )


def samples(
    target: Target,
    name: str,
    model: LanguageModel,
    count: int,
    *,
    max_new_tokens: int,
    beside: int = 0,
) -> Program:
    """A call of `sample_programs`: whole programs after blanks in the place of a terrain."""
    blanks = target.config.conditional.slots
    prompt, sampler = program_sampler(model, count, max_new_tokens, blanks=blanks)
    return draws(target, name, sampler, model.params, [prompt], beside=beside)


def mutations(target: Target) -> Iterator[Program]:
    """What stage 1 samples, by operator."""
    search = target.config.evolve
    names = {name for operator in search.operators for name in weights(search, operator)}
    if not (writers := sorted(names - {"tree"})):
        return
    model = target.to_read(abstract_model(lambda: language_model(search.model)))
    for name in writers:
        writer = language_mutator(search, name, model)
        yield from edits(target, name, writer, search.parents, search.children)


def edits(
    target: Target, name: str, writer: LanguageMutator, parents: int, children: int
) -> Iterator[Program]:
    """What a mutator samples of parents as long as the seed program, and as long as any."""
    request = Request((seed_programs(target.config.evolve)[0],), writer.message or "")
    text = writer.format.prompt(request.parents, request.message)
    assert not isinstance(text, DiffVerdict)
    ids = writer.model.tokenizer.encode(text)
    for length in sorted({bucket_for(len(ids)), PROMPT_BUCKETS[-1]}):
        prompts = [[*ids, *[ids[-1]] * length][:length]] * parents
        yield draws(
            target,
            f"sampling, {name}",
            writer.sampler(parents, children),
            writer.model.params,
            prompts,
            **writer.how([request] * parents, prompts),
        )
