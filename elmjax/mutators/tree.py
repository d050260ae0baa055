"""Mutation operators: from parent programs to children, each with the message and diff it came by.

A mutator is asked for `children` children of every parent and returns exactly that many `Child`
records, parent by parent. A child that could not be made carries the reason in place of a program:
it is counted and is never its parent again.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import jax
import numpy as np

from elmjax import diffs
from elmjax.diffs import DiffVerdict, messages, numbered, prompts, unified
from elmjax.lm.prompt import PROMPT_BUCKETS
from elmjax.lm.sampler import Sampler
from elmjax.lm.store import LanguageModel
from elmjax.programs import canonical, tree
from elmjax.programs.tree import EditClass


@dataclass(frozen=True, kw_only=True)
class Child:
    """What a mutation operator made of a parent."""

    operator: str
    message: str
    diff: str  # zero-context unified diff; what the model wrote, where it does not apply
    program: str | None  # None where `verdict` says why there is no child
    verdict: DiffVerdict | None = None


class Mutator(Protocol):
    """Makes `children` children of each parent, the same ones for the same seed."""

    def __call__(self, parents: Sequence[str], children: int, seed: int) -> list[Child]:
        """Returns len(parents) * children records, those of the first parent first."""
        ...


def describe(edits: Sequence[EditClass]) -> str:
    """The commit message that is true of some syntax-tree edits."""
    if all(edit is EditClass.CONSTANT for edit in edits):
        return messages.CHANGED_PARAMETERS.text
    return messages.SMALL_CHANGE.text if len(edits) == 1 else messages.CHANGED.text


def tree_mutator(parents: Sequence[str], children: int, seed: int) -> list[Child]:
    """Syntax-tree mutation of whole programs: the baseline operator."""
    rng = random.Random(seed)
    return [_tree_child(parent, rng) for parent in parents for _ in range(children)]


def _tree_child(parent: str, rng: random.Random) -> Child:
    edit = tree.mutate(parent, rng)
    if not edit.edits or edit.program == parent:
        return Child(
            operator="tree", message="", diff="", program=None, verdict=DiffVerdict.NO_CHANGE
        )
    return Child(
        operator="tree",
        message=describe(edit.edits),
        diff=unified.render(diffs.between(parent, edit.program), parent),
        program=edit.program,
    )


@dataclass(frozen=True, kw_only=True)
class DiffMutator:
    """A diff model: reads the numbered program and a commit message, writes an edit."""

    model: LanguageModel
    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0

    def __call__(self, parents: Sequence[str], children: int, seed: int) -> list[Child]:
        """One message a parent, drawn with the paper's probabilities, shared by its children."""
        rng = random.Random(seed)
        asked = [messages.choose(rng).text for _ in parents]
        prompt_ids = [self._prompt(*pair) for pair in zip(parents, asked, strict=True)]
        texts = self._complete(prompt_ids, children, seed)
        return [
            self._child(parent, message, text)
            for parent, message, written in zip(parents, asked, texts, strict=True)
            for text in written
        ]

    def _prompt(self, parent: str, message: str) -> list[int] | None:
        """Token ids, or None where the parent cannot be written in the format or is too long."""
        lines = prompts.numbered_program(parent)
        if isinstance(lines, DiffVerdict):
            return None
        ids = self.model.tokenizer.encode(lines + prompts.request(message))
        return ids if len(ids) <= PROMPT_BUCKETS[-1] else None

    def _complete(
        self, prompt_ids: Sequence[list[int] | None], children: int, seed: int
    ) -> list[list[str | None]]:
        """Texts by parent and child; None for every child of a parent without a prompt."""
        present = [ids for ids in prompt_ids if ids is not None]
        if not present:
            return [[None] * children for _ in prompt_ids]
        sampler = Sampler(
            config=self.model.config,
            children=children,
            max_new_tokens=self.max_new_tokens,
            end_token=self.model.tokenizer.end,
            parents=len(prompt_ids),
        )
        drawn = sampler(
            self.model.params,
            present,
            jax.random.key(seed),
            temperature=self.temperature,
            top_p=self.top_p,
        )
        rows = iter(zip(np.asarray(drawn.tokens), np.asarray(drawn.length), strict=True))
        return [
            [None] * children if ids is None else self._texts(*next(rows)) for ids in prompt_ids
        ]

    def _texts(self, tokens: np.ndarray, lengths: np.ndarray) -> list[str | None]:
        return [
            self.model.tokenizer.decode(row[:length].tolist())
            for row, length in zip(tokens, lengths, strict=True)
        ]

    def _child(self, parent: str, message: str, text: str | None) -> Child:
        def refused(verdict: DiffVerdict) -> Child:
            return Child(
                operator="diff", message=message, diff=text or "", program=None, verdict=verdict
            )

        if text is None:
            return refused(DiffVerdict.UNENCODABLE)
        edit = numbered.parse(text)
        if isinstance(edit, DiffVerdict):
            return refused(edit)
        applied = diffs.apply(edit, parent)
        if isinstance(applied, DiffVerdict):
            return refused(applied)
        program = _canonical_if_parses(applied)
        if program == parent:  # a comment, a blank line, other quotes
            return refused(DiffVerdict.NO_CHANGE)
        return Child(
            operator="diff",
            message=message,
            diff=unified.render(diffs.between(parent, program), parent),
            program=program,
        )


def mixed(first: Mutator, second: Mutator) -> Mutator:
    """Gives the first half of the parents to one operator and the rest to another."""

    def mutate(parents: Sequence[str], children: int, seed: int) -> list[Child]:
        half, rng = (len(parents) + 1) // 2, random.Random(seed)
        return first(parents[:half], children, rng.getrandbits(63)) + second(
            parents[half:], children, rng.getrandbits(63)
        )

    return mutate


def _canonical_if_parses(program: str) -> str:
    try:
        return canonical(program)
    except (SyntaxError, ValueError):
        return program  # the jail will say what is wrong with it
