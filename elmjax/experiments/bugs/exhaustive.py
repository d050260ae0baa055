"""How often `gp` repairs a problem, exactly: every tree of the structure is evaluated once.

There are 26 million trees of 4-Parity and 16 million of Quadratic. Those that are right are few,
and the probability that a mutation gives one of them is a product over its nodes.
"""

from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.experiments.bugs import expression
from elmjax.experiments.bugs.expression import Shape
from elmjax.experiments.bugs.node_mutation import NEAR
from elmjax.experiments.bugs.task import Problem, Task

CHUNK = 65_536  # trees evaluated together


def chunks(task: Task) -> int:
    """How many times `right_trees` yields."""
    shape, _ = expression.encode(task, task.tree(0))
    return -(-_trees(shape, task) // CHUNK)


def right_trees(task: Task) -> Iterator[np.ndarray]:
    """Yields the trees that give what is expected, chunk by chunk, [trees, nodes] int32."""
    shape, _ = expression.encode(task, task.tree(0))
    total, choices = _trees(shape, task), shape.choices(task)
    judge = jax.jit(jax.vmap(partial(_is_right, task, shape)))
    for start in range(0, total, CHUNK):
        # Every number below the total, read in mixed radix, is a tree.
        numbers = np.arange(start, min(start + CHUNK, total))
        symbols = np.stack(np.unravel_index(numbers, choices), axis=1).astype(np.int32)
        padded = np.resize(symbols, (CHUNK, len(choices)))  # one compiled program for all
        yield symbols[np.asarray(judge(padded))[: len(symbols)]]


def success(problem: Problem, right: np.ndarray, rate: float) -> float:
    """The probability that one mutation repairs a problem.

    Args:
        problem: To be repaired.
        right: [trees, nodes], all trees that are right.
        rate: Of mutation, in [0, 1].
    """
    shape, symbols = expression.encode(problem.task, problem.tree)
    drawn = rate / shape.choices(problem.task)  # [nodes], with which a node becomes any one symbol
    return float(np.where(right == symbols, 1.0 - rate + drawn, drawn).prod(axis=1).sum())


def _trees(shape: Shape, task: Task) -> int:
    return int(shape.choices(task).astype(np.int64).prod())


def _is_right(task: Task, shape: Shape, symbols: Array) -> Array:
    given = expression.evaluate(task, shape, symbols, jnp.asarray(expression.terminal_values(task)))
    return (jnp.abs(given - jnp.asarray(task.expected(), jnp.float32)) < NEAR).all()
