"""Trees against Python's own arithmetic, and node mutation."""

import math
import operator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.experiments.bugs import expression
from elmjax.experiments.bugs.task import PARITY, QUADRATIC, TASKS, problems

PYTHON = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "mod": operator.mod,
    "pow": operator.pow,
}
FLOAT32_MAX = float(np.finfo(np.float32).max)
ALL = [problem for task in TASKS.values() for problem in problems(task)]


def by_python(tree, names):
    """What Python gives, NaN where it raises."""
    stack = []
    try:
        for symbol in tree:
            if symbol in PYTHON:
                right, left = stack.pop(), stack.pop()
                stack.append(PYTHON[symbol](left, right))
            else:
                stack.append(float(names[symbol] if symbol in names else int(symbol)))
            if isinstance(stack[-1], complex) or abs(stack[-1]) > FLOAT32_MAX:
                return math.nan
    except (ValueError, ZeroDivisionError, OverflowError):  # int("c1"), a modulus of zero
        return math.nan
    return stack[0]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_random_trees_give_what_python_gives(task) -> None:
    shape, symbols = expression.encode(task, task.tree(0))
    choices, values = shape.choices(task), jnp.asarray(expression.terminal_values(task))
    mutate = jax.vmap(lambda key: expression.mutate(symbols, choices, 0.7, key))
    children = mutate(jax.random.split(jax.random.key(0), 400))
    given = jax.jit(jax.vmap(lambda one: expression.evaluate(task, shape, one, values)))(children)
    assert given.dtype == jnp.float32
    raised = 0
    for child, row in zip(np.asarray(children), np.asarray(given), strict=True):
        tree = expression.decode(task, shape, child)
        names = [dict(zip(task.variables, inputs, strict=True)) for inputs in task.inputs]
        wanted = np.array([by_python(tree, each) for each in names])
        # Powers are rounded, and may be too small for float32; all else is exact.
        near = {"rtol": 1e-5, "atol": 1e-30} if "pow" in tree else {"rtol": 0.0}
        np.testing.assert_allclose(row, wanted, **near)
        raised += bool(np.isnan(wanted).any())
    assert raised > (100 if task is PARITY else 5)


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.name)
def test_a_tree_is_read_back_as_it_was(problem) -> None:
    shape, symbols = expression.encode(problem.task, problem.tree)
    assert expression.decode(problem.task, shape, symbols) == problem.tree


def test_mutation_never_changes_the_structure() -> None:
    shape, symbols = expression.encode(PARITY, PARITY.tree(5))
    choices = shape.choices(PARITY)
    mutate = jax.vmap(lambda key: expression.mutate(symbols, choices, 0.9, key))
    children = np.asarray(mutate(jax.random.split(jax.random.key(1), 5000)))
    assert children.shape == (5000, 9)
    for child in children[:500]:
        tree = expression.decode(PARITY, shape, child)
        assert tuple(symbol in PARITY.functions for symbol in tree) == shape.inner
    # Nine tenths of each node are spread evenly over the symbols of its kind.
    for node, count in enumerate(choices):
        shares = np.bincount(children[:, node], minlength=count) / len(children)
        wanted = np.full(count, 0.9 / count)
        wanted[symbols[node]] += 0.1
        assert np.abs(shares - wanted).max() < 5 * math.sqrt(0.25 / len(children))


def test_a_rate_of_nought_changes_nothing() -> None:
    shape, symbols = expression.encode(QUADRATIC, QUADRATIC.tree(1))
    child = expression.mutate(symbols, shape.choices(QUADRATIC), 0.0, jax.random.key(0))
    assert (np.asarray(child) == symbols).all()
