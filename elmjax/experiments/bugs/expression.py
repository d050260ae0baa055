"""Trees whose structure never changes: a symbol a node, in postfix order. JAX, for one tree.

Functions and terminals are numbered each for themselves. NaN stands for the exception that Python
raises, as on a name that is not defined: it reaches the root from wherever it is, because no
function here ignores an operand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.experiments.bugs.task import Task


def _power(base: Array, exponent: Array) -> Array:
    """NaN for what no float holds, and for NaN itself, whose power of zero is one elsewhere."""
    power = jnp.power(base, exponent)
    finite = jnp.isfinite(base) & jnp.isfinite(exponent) & jnp.isfinite(power)
    return jnp.where(finite, power, jnp.nan)


# `jnp.mod` takes the sign of the divisor, as Python does, and gives NaN for a divisor of zero.
FUNCTIONS: Mapping[str, Callable[[Array, Array], Array]] = {
    "add": jnp.add,
    "sub": jnp.subtract,
    "mul": jnp.multiply,
    "mod": jnp.mod,
    "pow": _power,
}


@dataclass(frozen=True)
class Shape:
    """The structure of a tree: whether each node, in postfix order, is a function of two."""

    inner: tuple[bool, ...]

    def choices(self, task: Task) -> np.ndarray:
        """How many symbols each node can have, [nodes] int32."""
        return np.where(self.inner, len(task.functions), len(task.terminals)).astype(np.int32)


def encode(task: Task, tree: tuple[str, ...]) -> tuple[Shape, np.ndarray]:
    """The structure of a tree in postfix order, and the numbers of its symbols, [nodes] int32."""
    inner = tuple(symbol in task.functions for symbol in tree)
    numbers = [
        (task.functions if is_inner else task.terminals).index(symbol)
        for symbol, is_inner in zip(tree, inner, strict=True)
    ]
    return Shape(inner), np.array(numbers, np.int32)


def decode(task: Task, shape: Shape, symbols: np.ndarray) -> tuple[str, ...]:
    """Undoes `encode`."""
    return tuple(
        (task.functions if is_inner else task.terminals)[number]
        for is_inner, number in zip(shape.inner, symbols.tolist(), strict=True)
    )


def terminal_values(task: Task) -> np.ndarray:
    """The value of every terminal for every input, [terminals, inputs] float32."""
    inputs = np.array(task.inputs, np.float32)
    values = np.full((len(task.terminals), len(inputs)), np.nan, np.float32)
    for row, terminal in zip(values, task.terminals, strict=True):
        if terminal in task.variables:
            row[:] = inputs[:, task.variables.index(terminal)]
        elif terminal.removeprefix("-").isdecimal():
            row[:] = float(terminal)
    return values


def evaluate(task: Task, shape: Shape, symbols: Array, values: Array) -> Array:
    """What a tree gives for every input.

    Sums and products of the study are integers far below 2^24, and so exact; powers may not be.

    Args:
        task: Whose functions the tree has.
        shape: Structure of the tree.
        symbols: [nodes] int32.
        values: [terminals, inputs], see `terminal_values`.

    Returns:
        [inputs] float32; NaN where Python would raise.
    """
    stack: list[Array] = []
    for node, inner in enumerate(shape.inner):
        if not inner:
            stack.append(values[symbols[node]])
            continue
        right, left = stack.pop(), stack.pop()
        results = [FUNCTIONS[name](left, right) for name in task.functions]
        here = [symbols[node] == number for number in range(len(results))]
        stack.append(jnp.select(here, results, jnp.nan))
    (root,) = stack
    return root


def mutate(symbols: Array, choices: Array, rate: Array, key: Array) -> Array:
    """Node mutation: every node is drawn anew with probability `rate`, from all of its kind.

    Args:
        symbols: [nodes] int32.
        choices: [nodes] int32, see `Shape.choices`.
        rate: In [0, 1].
        key: Typed PRNG key.

    Returns:
        [nodes] int32: functions stay functions and leaves stay leaves.
    """
    where, what = jax.random.split(key)
    drawn = jax.random.randint(what, symbols.shape, 0, choices)
    return jnp.where(jax.random.bernoulli(where, rate, symbols.shape), drawn, symbols)
