"""Whole programs written by a language model, and what became of them (stages 2 and 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np

from elmjax.config import Config, Evolve
from elmjax.evaluate import Evaluation, Evaluator
from elmjax.lm.prompt import PROMPT_BUCKETS
from elmjax.lm.sampler import Sampler
from elmjax.lm.store import LanguageModel
from elmjax.lm.transcript import Completions
from elmjax.lm.vocabulary import Vocabulary
from elmjax.programs import Verdict
from elmjax.qd import Cells
from elmjax.stages.admission import in_reach
from elmjax.stages.niches import make_grid

OPENINGS_AT_ONCE = 16  # prompts of a call, which bounds its memory

_UNFINISHED = Evaluation(verdict=Verdict.TOO_LONG, reason="the tokens ran out before the end")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One sampled program."""

    program: str
    evaluation: Evaluation

    @property
    def is_valid(self) -> bool:
        """Whether it walks."""
        return self.evaluation.verdict is Verdict.OK

    def reward(self, invalid: float) -> float:
        """Distance walked, m, or `invalid` where the program gives no walker."""
        return self.evaluation.fitness if self.is_valid else invalid


def whole_program_prompt(tokenizer: Vocabulary, blanks: int) -> list[int]:
    """Token ids that ask for a program, after blanks in the place of a terrain's prefix."""
    return [*[tokenizer.pad] * blanks, *tokenizer.opening]


def program_sampler(
    model: LanguageModel, children: int, max_new_tokens: int, *, blanks: int
) -> tuple[list[int], Sampler]:
    """The prompt for a whole program, as token ids, and a sampler that completes it.

    Args:
        model: Of stage 2 or 3.
        children: Programs a prompt.
        max_new_tokens: Longest program.
        blanks: Prefix slots to leave blank; 0 where the sampler is called with a prefix.
    """
    prompt = whole_program_prompt(model.tokenizer, blanks)
    sampler = Sampler(
        config=model.config,
        children=children,
        max_new_tokens=max_new_tokens,
        end_token=model.tokenizer.end,
        prompt_buckets=(len(prompt),),
    )
    return prompt, sampler


def sample_programs(
    model: LanguageModel,
    count: int,
    *,
    max_new_tokens: int,
    temperature: float,
    blanks: int,
    seed: int,
) -> list[str | None]:
    """Programs as the model writes them unconditionally; None where one does not end."""
    prompt, sampler = program_sampler(model, count, max_new_tokens, blanks=blanks)
    drawn = sampler(model.params, [prompt], jax.random.key(seed), temperature=temperature)
    return texts(drawn, model.tokenizer)


def complete_programs(
    model: LanguageModel,
    openings: Sequence[str],
    count: int,
    *,
    max_new_tokens: int,
    temperature: float,
    blanks: int,
    seed: int,
) -> list[list[str | None]]:
    """Programs that begin with given texts.

    Args:
        model: Of stage 2.
        openings: Whole lines each, as tokens end at the ends of lines.
        count: Programs of each opening.
        max_new_tokens: Longest continuation.
        temperature: 0 gives the likeliest token each time.
        blanks: Prefix slots to leave blank.
        seed: Of the draws.

    Returns:
        For each opening its programs, the opening included; None where one does not end, and
        nothing but None for an opening that is longer than any prompt.
    """
    asked = whole_program_prompt(model.tokenizer, blanks)
    prompts_ids = [asked + ids for ids in model.tokenizer.encode_batch(list(openings))]
    fitting = [i for i, ids in enumerate(prompts_ids) if len(ids) <= PROMPT_BUCKETS[-1]]
    sampler = Sampler(
        config=model.config,
        children=count,
        max_new_tokens=max_new_tokens,
        end_token=model.tokenizer.end,
        parents=min(len(fitting), OPENINGS_AT_ONCE),
    )
    written: list[list[str | None]] = [[None] * count for _ in openings]
    for start in range(0, len(fitting), OPENINGS_AT_ONCE):
        some = fitting[start : start + OPENINGS_AT_ONCE]
        key = jax.random.fold_in(jax.random.key(seed), start)
        drawn = sampler(model.params, [prompts_ids[i] for i in some], key, temperature=temperature)
        endings = texts(drawn, model.tokenizer)
        for place, i in enumerate(some):
            written[i] = [
                None if ending is None else openings[i] + ending
                for ending in endings[place * count : (place + 1) * count]
            ]
    return written


def sample_and_evaluate(
    config: Config, model: LanguageModel, evaluator: Evaluator, count: int, *, seed: int
) -> list[Sample]:
    """Samples of a stage 2 model as `finetune` configures them, on the terrain of stage 1."""
    written = sample_programs(
        model,
        count,
        max_new_tokens=config.finetune.max_new_tokens,
        temperature=config.finetune.temperature,
        blanks=config.conditional.slots,
        seed=seed,
    )
    return evaluate_texts(config, evaluator, written, [config.evolve.terrain] * len(written))


def texts(completions: Completions, tokenizer: Vocabulary) -> list[str | None]:
    """Programs of all prompts in order, those of the first first; None where one does not end."""
    rows = zip(
        *(
            np.concatenate(leaf)
            for leaf in (completions.tokens, completions.length, completions.finished)
        ),
        strict=True,
    )
    return [
        tokenizer.decode(tokens[: length - 1].tolist()) if finished else None
        for tokens, length, finished in rows
    ]


def encode_whole(programs: Sequence[str], tokenizer: Vocabulary) -> list[list[int]]:
    """What a model writes after `whole_program_prompt` for each program, its end included."""
    return [[*ids, tokenizer.end] for ids in tokenizer.encode_batch(list(programs))]


def evaluate_texts(
    config: Config, evaluator: Evaluator, written: Sequence[str | None], terrains: Sequence[str]
) -> list[Sample]:
    """Evaluates each text on its terrain.

    One that does not end is `too_long`; a body that stage 1 would reject for its size is
    `too_large`, or else PPO would learn to write what stage 1 was kept from.
    """
    whole = [i for i, text in enumerate(written) if text is not None]
    evaluations = dict(
        zip(
            whole,
            evaluator.evaluate(
                [text for text in written if text is not None], [terrains[i] for i in whole]
            ),
            strict=True,
        )
    )
    grid = make_grid(config)
    return [
        Sample(
            program=text or "",
            evaluation=_checked(config.evolve, grid, evaluations.get(i, _UNFINISHED)),
        )
        for i, text in enumerate(written)
    ]


def _checked(config: Evolve, grid: Cells, evaluation: Evaluation) -> Evaluation:
    if evaluation.verdict is not Verdict.OK:
        return evaluation
    if in_reach(config, grid, [evaluation])[0]:
        return evaluation
    return Evaluation(
        verdict=Verdict.TOO_LARGE,
        reason="the body is outside the grid",
        body=evaluation.body,
        scale=evaluation.scale,
        names=evaluation.names,
    )
