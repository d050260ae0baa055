"""What became of a trial, and how operators are asked for trials."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Protocol

from elmjax.experiments.bugs.task import Problem

OPERATORS = ("gp", "diff", "prompt", "edit")


class Outcome(StrEnum):
    """Outcomes that every operator has; language models add the verdicts of diffs and programs."""

    FIXED = "fixed"  # the right output for every input
    WRONG = "wrong"  # it runs, and some output is not right
    RUNTIME = "runtime"  # it raises, as on a name that is not defined
    NO_CHANGE = "no_change"  # the child is the buggy program


Counts = Counter[str]  # trials by outcome


class Operator(Protocol):
    """Tries to repair a problem: every trial perturbs the buggy program once."""

    @property
    def name(self) -> str:
        """Its name on the command line."""

    def settings(self, problem: Problem) -> dict[str, Any]:
        """All that its results on a problem depend on, beside trials and seed; plain data."""

    def attempt(self, problem: Problem, trials: int, seed: int) -> Iterator[Counts]:
        """Yields the outcomes of so many trials, in batches; the same ones for the same seed."""
