"""The operators that ask a language model: `diff`, `prompt` and `edit`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from elmjax import diffs, seeds
from elmjax.config import Evolve
from elmjax.experiments.bugs.judge import Judge
from elmjax.experiments.bugs.outcome import Counts
from elmjax.experiments.bugs.task import Problem
from elmjax.lm.store import LanguageModel
from elmjax.mutators import Child, LanguageMutator
from elmjax.programs import canonical
from elmjax.stages.operators import knows_programs, language_mutator

BATCH = 256  # children of the one parent in a call


@dataclass(frozen=True, kw_only=True)
class Repair:
    """A language model that is asked, in one way, to repair the buggy program.

    Attributes:
        name: Of the operator.
        mutator: Asks the model.
        model: Its name.
        judge: Runs what it writes.
        fingerprint: Of the model, see `lm.store.fingerprint`.
        canonical: Whether the model reads programs in canonical form, as our own do, and not as the
            paper prints them.
    """

    name: str
    mutator: LanguageMutator
    judge: Judge
    model: str
    fingerprint: str
    canonical: bool

    def settings(self, _problem: Problem) -> dict[str, Any]:
        """The model, how it is asked and how it samples."""
        return {
            "model": self.model,
            "fingerprint": self.fingerprint,
            "format": self.mutator.format.name,
            "message": self.mutator.message,
            "masked": self.mutator.grammar is not None,
            "temperature": self.mutator.temperature,
            "top_p": self.mutator.top_p,
            "max_new_tokens": self.mutator.max_new_tokens,
        }

    def attempt(self, problem: Problem, trials: int, seed: int) -> Iterator[Counts]:
        """Yields the outcomes of so many trials, in batches."""
        program = canonical(problem.program) if self.canonical else problem.program
        drawn = seeds.stream(seed)
        batch = min(BATCH, trials)  # one size for all batches: one compiled program
        for start in range(0, trials, batch):
            children = self.mutator([program], batch, next(drawn))[: trials - start]
            yield self._judge(problem, children)

    def _judge(self, problem: Problem, children: list[Child]) -> Counts:
        programs = [child.program for child in children if child.program is not None]
        refused = [str(child.verdict) for child in children if child.program is None]
        return Counts([*refused, *self.judge.outcomes(problem.task, programs)])


def repair(
    name: str, config: Evolve, model: LanguageModel, judge: Judge, fingerprint: str
) -> Repair:
    """The operator of a name.

    Args:
        name: "diff", "prompt" or "edit".
        config: How to sample, and in which format `diff` writes.
        model: Asked.
        judge: Runs what it writes.
        fingerprint: Of the model, see `lm.store.fingerprint`.
    """
    own = knows_programs(model.tokenizer)
    return Repair(
        name=name,
        mutator=_mutator(name, config, model, own=own),
        judge=judge,
        model=config.model,
        fingerprint=fingerprint,
        canonical=own,
    )


def _mutator(name: str, config: Evolve, model: LanguageModel, *, own: bool) -> LanguageMutator:
    if name == "diff":
        return language_mutator(config, "diff", model, diffs.FIX_BUGS)
    asks = name == "edit"
    return LanguageMutator(
        operator=name,
        format=diffs.fix_instruction(own=own) if asks else diffs.fix_prompt(own=own),
        model=model,
        max_new_tokens=config.max_program_tokens,
        temperature=config.temperature,
        top_p=config.top_p,
        message=diffs.FIX_SNIPPET if asks else None,
    )
