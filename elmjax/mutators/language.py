"""A language model as mutation operator, in any format."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from elmjax.diffs import Completion, DiffVerdict, Format, messages
from elmjax.lm.automaton import Automaton
from elmjax.lm.places import Places, places
from elmjax.lm.prompt import PROMPT_BUCKETS
from elmjax.lm.sampler import Sampler
from elmjax.lm.stop import stop_automaton
from elmjax.lm.store import LanguageModel
from elmjax.lm.work import Meter
from elmjax.mutators.mutator import Child
from elmjax.mutators.request import Request, child_of, next_message, refused

# Numbers of parents above this one are rounded up to its multiples: fewer programs are compiled.
PARENTS_MULTIPLE = 4

# What a model may write of each of some parents.
Grammar = Callable[[LanguageModel, Sequence[str]], Automaton]


@dataclass(frozen=True, kw_only=True)
class LanguageMutator:
    """Asks a language model for children in one format.

    Attributes:
        operator: Name that the children carry.
        format: How it is asked and read.
        model: Of any shape; the mutator needs its tokenizer's `encode`, `decode` and `end`.
        max_new_tokens: Longest answer; a longer one is UNFINISHED.
        temperature: As in `sampling.choose_token`.
        top_p: As in `sampling.choose_token`.
        message: Asked for every time; None draws one a parent.
        message_weights: How often each of `messages.MESSAGES` is drawn.
        grammar: What may be written of some parents; None: anything.
        meter: Of what has been sampled.
    """

    operator: str
    format: Format
    model: LanguageModel
    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    message: str | None = None
    message_weights: tuple[float, ...] = messages.PROBABILITIES
    grammar: Grammar | None = None
    meter: Meter = field(default_factory=Meter, compare=False)

    def __call__(self, parents: Sequence[str], children: int, seed: int) -> list[Child]:
        """One message a parent, shared by its children."""
        rng = random.Random(seed)
        return self.answer(
            [Request((parent,), self.ask(rng)) for parent in parents], children, seed
        )

    def ask(self, rng: random.Random) -> str:
        """The message of the next request; empty where the format takes none."""
        return next_message(self.format, self.message, self.message_weights, rng)

    def answer(self, requests: Sequence[Request], children: int, seed: int) -> list[Child]:
        """Children of every request, those of the first one first."""
        answers = self._complete(requests, children, seed)
        return [
            self._child(request, completion)
            for request, completions in zip(requests, answers, strict=True)
            for completion in completions
        ]

    def _prompt(self, request: Request) -> list[int] | None:
        """Token ids, or None where the format cannot hold the request or it is too long."""
        text = self.format.prompt(request.parents, request.message)
        if isinstance(text, DiffVerdict):
            return None
        ids = self.model.tokenizer.encode(text)
        return ids if len(ids) <= PROMPT_BUCKETS[-1] else None

    def _complete(
        self, requests: Sequence[Request], children: int, seed: int
    ) -> list[list[Completion | None]]:
        """Completions by request and child; None for every child of one without a prompt."""
        prompt_ids = [self._prompt(request) for request in requests]
        present = [ids for ids in prompt_ids if ids is not None]
        if not present:
            return [[None] * children for _ in prompt_ids]
        began = time.monotonic()
        drawn = self.sampler(len(prompt_ids), children)(
            self.model.params,
            present,
            jax.random.key(seed),
            **self.how(requests, prompt_ids),
        )
        tokens = int(np.sum(drawn.length))
        self.meter.add(self.model.config, tokens, time.monotonic() - began)
        rows = iter(zip(drawn.tokens, drawn.length, drawn.finished, strict=True))
        return [
            [None] * children if ids is None else self._completions(*next(rows))
            for ids in prompt_ids
        ]

    def sampler(self, requests: int, children: int) -> Sampler:
        """What draws the answers to so many requests."""
        return Sampler(
            config=self.model.config,
            children=children,
            max_new_tokens=self.max_new_tokens,
            end_token=self.model.tokenizer.end,
            parents=_parents_bucket(requests),
        )

    def how(
        self, requests: Sequence[Request], prompt_ids: Sequence[list[int] | None]
    ) -> dict[str, Any]:
        """How the sampler is to draw.

        Args:
            requests: What is asked for.
            prompt_ids: Prompts of the requests, None where one has none.
        """
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "automaton": self._automaton(requests, prompt_ids),
            "places": self._places([ids for ids in prompt_ids if ids is not None]),
        }

    def _automaton(
        self, requests: Sequence[Request], prompt_ids: Sequence[list[int] | None]
    ) -> Automaton | None:
        """The grammar of the requests that have a prompt, or what finds the end of answers."""
        asked = zip(requests, prompt_ids, strict=True)
        parents = [request.parents[0] for request, ids in asked if ids is not None]
        if self.grammar is not None:
            return self.grammar(self.model, parents)
        tokenizer, stop = self.model.tokenizer, self.format.stop
        if stop is None or tokenizer.encode(stop) == [tokenizer.end]:
            return None
        unused = self.model.config.vocab_size - tokenizer.vocab_size
        texts = (*tokenizer.token_bytes, *[b""] * unused)
        return stop_automaton(texts, stop.encode(), len(parents))

    def _places(self, prompt_ids: Sequence[list[int]]) -> Places | None:
        model = self.model
        if not model.line_positions:
            return None
        return places(model.own_tokenizer, prompt_ids, model.config.vocab_size)

    def _completions(
        self, tokens: np.ndarray, lengths: np.ndarray, finished: np.ndarray
    ) -> list[Completion | None]:
        tokenizer = self.model.tokenizer
        written = [row[:length].tolist() for row, length in zip(tokens, lengths, strict=True)]
        return [
            Completion(
                tokenizer.decode(row[:-1] if row[-1] == tokenizer.end else row), ended=bool(ended)
            )
            for row, ended in zip(written, finished, strict=True)
        ]

    def _child(self, request: Request, completion: Completion | None) -> Child:
        if completion is None:
            return refused(self.operator, request, DiffVerdict.UNENCODABLE, "")
        written = self._as_written(completion)
        return child_of(self.operator, self.format, request, completion, written)

    def _as_written(self, completion: Completion) -> str:
        tokenizer = self.model.tokenizer
        return completion.text + tokenizer.decode([tokenizer.end]) * completion.ended


def _parents_bucket(parents: int) -> int:
    if parents <= PARENTS_MULTIPLE:
        return parents
    return -(-parents // PARENTS_MULTIPLE) * PARENTS_MULTIPLE
