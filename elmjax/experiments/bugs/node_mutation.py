"""The operator `gp`: the paper's baseline, tree GP after Tiny GP that mutates nothing but nodes.

A trial mutates the nodes of the buggy tree once. Trees are arrays of symbols, so that a hundred
thousand trials are a few calls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.experiments.bugs import expression
from elmjax.experiments.bugs.expression import Shape
from elmjax.experiments.bugs.outcome import Counts, Outcome
from elmjax.experiments.bugs.task import Problem, Task

BATCH = 10_000  # trials a call: 16 MB for 81 inputs
# What is expected are whole numbers: another formula misses one of them by more.
NEAR = 1e-3


@dataclass(frozen=True, kw_only=True)
class NodeMutation:
    """The operator at one mutation rate a problem.

    Attributes:
        rates: Probability with which a node is drawn anew, by the problem's name.
    """

    rates: dict[str, float]

    name = "gp"

    def settings(self, problem: Problem) -> dict[str, Any]:
        """The rate of the problem."""
        return {"rate": self.rates[problem.name]}

    def attempt(self, problem: Problem, trials: int, seed: int) -> Iterator[Counts]:
        """Yields the outcomes of so many trials, in batches."""
        key = jax.random.key(seed)
        for start in range(0, trials, BATCH):
            counts = try_nodes(
                problem,
                min(BATCH, trials - start),
                self.rates[problem.name],
                jax.random.fold_in(key, start),
            )
            yield Counts({outcome: count for outcome, count in counts.items() if count})


def try_nodes(problem: Problem, trials: int, rate: float, key: Array) -> dict[Outcome, int]:
    """Outcomes of some trials, which are held in memory together."""
    shape, symbols = expression.encode(problem.task, problem.tree)
    fates = _compiled(problem.task, shape, trials)(symbols, np.float32(rate), key)
    return {outcome: int(count) for outcome, count in zip(_FATES, np.asarray(fates), strict=True)}


_FATES = (Outcome.NO_CHANGE, Outcome.FIXED, Outcome.RUNTIME, Outcome.WRONG)


@lru_cache(maxsize=16)
def _compiled(task: Task, shape: Shape, trials: int) -> Any:
    """Counts how many of some trials end in each of `_FATES`."""
    one = jax.vmap(partial(_fate, task, shape), in_axes=(None, None, 0))

    def count(symbols: Array, rate: Array, key: Array) -> Array:
        fates = one(symbols, rate, jax.random.split(key, trials))
        return jnp.bincount(fates, length=len(_FATES))

    return jax.jit(count)


def _fate(task: Task, shape: Shape, symbols: Array, rate: Array, key: Array) -> Array:
    """Position in `_FATES` of one trial."""
    choices = jnp.asarray(shape.choices(task))
    child = expression.mutate(symbols, choices, rate, key)
    given = expression.evaluate(task, shape, child, jnp.asarray(expression.terminal_values(task)))
    expected = jnp.asarray(task.expected(), jnp.float32)
    fixed = (jnp.abs(given - expected) < NEAR).all()
    fates = [(child == symbols).all(), fixed, jnp.isnan(given).any()]
    return jnp.select(fates, range(len(fates)), len(fates))
