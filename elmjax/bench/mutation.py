"""Applied diffs per second, end to end: prompt texts, prefill, decoding, texts and patching."""

import dataclasses
import random
import time
from collections.abc import Iterator, Sequence

from elmjax.bench.timing import quartiles
from elmjax.diffs import NUMBERED, messages
from elmjax.lm.store import LanguageModel
from elmjax.mutators import LanguageMutator, numbered_grammar
from elmjax.programs.generate import generate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One call of the mutator, other parents in every repeat."""

    model: str
    batch: int  # edits asked for in a call
    children: int  # of each parent
    diffs_per_second: float  # applied, by the median
    quartiles: tuple[float, float]
    applied_share: float
    warm_up_seconds: float  # of the first call, which compiles and is not among the repeats
    repeat_seconds: list[float]
    repeat_applied: list[int]


def sweep(
    models: dict[str, LanguageModel],
    batches: Sequence[int],
    children: Sequence[int],
    repeats: int,
    max_new_tokens: int = 96,
) -> Iterator[Row]:
    """Rows of every model, batch and number of children that divides it."""
    for name, model in models.items():
        mutate = LanguageMutator(
            operator="diff",
            format=NUMBERED,
            model=model,
            max_new_tokens=max_new_tokens,
            grammar=numbered_grammar,
        )
        for batch in batches:
            for each in children:
                if batch % each == 0:
                    yield _measure(name, mutate, batch, each, repeats)


def _measure(name: str, mutate: LanguageMutator, batch: int, children: int, repeats: int) -> Row:
    parents = batch // children
    programs = _programs(mutate.model, (repeats + 1) * parents)
    seconds, applied = [], []
    for repeat in range(repeats + 1):
        some = programs[repeat * parents : (repeat + 1) * parents]
        began = time.perf_counter()
        made = mutate(some, children, repeat)
        seconds.append(time.perf_counter() - began)
        applied.append(sum(child.program is not None for child in made))
    rates = [n / taken for n, taken in zip(applied[1:], seconds[1:], strict=True)]
    low, median, high = quartiles(rates)
    return Row(
        model=name,
        batch=batch,
        children=children,
        diffs_per_second=median,
        quartiles=(low, high),
        applied_share=sum(applied[1:]) / (repeats * batch),
        warm_up_seconds=seconds[0],
        repeat_seconds=seconds[1:],
        repeat_applied=applied[1:],
    )


def _programs(model: LanguageModel, count: int) -> list[str]:
    """Generated programs whose prompts fill more than half of the bucket of 256 tokens."""
    rng = random.Random(0)
    found: list[str] = []
    while len(found) < count:
        program = generate(rng)
        prompt = NUMBERED.prompt([program], messages.CHANGED.text)
        if isinstance(prompt, str) and 128 < len(model.tokenizer.encode(prompt)) <= 240:
            found.append(program)
    return found
