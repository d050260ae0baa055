"""The mutation rate of `gp`, tuned for each task as the paper did by hand.

Every rate of a grid tries all problems of the task, on keys that no result of the study uses. The
best rate has the largest geometric mean of success: the same factor counts the same on every number
of bugs. Half a success is added to each, so that a problem that is never solved decides nothing.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax

from elmjax.experiments.bugs.node_mutation import BATCH, try_nodes
from elmjax.experiments.bugs.outcome import Outcome
from elmjax.experiments.bugs.task import Task, problems

RATES = tuple(round(0.05 * step, 2) for step in range(1, 20))  # 0.05 to 0.95


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How often a rate repaired a task.

    Attributes:
        rate: Of mutation.
        fixed: Successes by number of bugs, from one bug on.
        trials: For each number of bugs.
    """

    rate: float
    fixed: tuple[int, ...]
    trials: int

    @property
    def score(self) -> float:
        """Logarithm of the geometric mean of the success rates."""
        logarithms = [math.log((count + 0.5) / (self.trials + 1)) for count in self.fixed]
        return sum(logarithms) / len(logarithms)


def try_rates(task: Task, trials: int, seed: int) -> Iterator[Trial]:
    """Tries every rate; each has keys of its own.

    Args:
        task: To be repaired.
        trials: For each rate and number of bugs; rounded up to whole batches.
        seed: Of this tuning alone.
    """
    batches = -(-trials // BATCH)
    for rate, key in zip(RATES, jax.random.split(jax.random.key(seed), len(RATES)), strict=True):
        fixed = tuple(
            sum(
                try_nodes(problem, BATCH, rate, one)[Outcome.FIXED]
                for one in jax.random.split(jax.random.fold_in(key, problem.bugs), batches)
            )
            for problem in problems(task)
        )
        yield Trial(rate=rate, fixed=fixed, trials=batches * BATCH)


def best(tried: Sequence[Trial]) -> float:
    """The rate that does best over all numbers of bugs."""
    return max(tried, key=lambda trial: trial.score).rate
