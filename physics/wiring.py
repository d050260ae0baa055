"""How springs find their joints: three forms of the same walker, for three kinds of hardware.

`Indices` gathers and scatters, the fastest on a CPU. TPUs have no fast gather: `Pairs` lays springs
out on every pair of joints, which needs no look-up at all and suits few joints, and `Incidence`
multiplies by a matrix of ones, which suits many.
"""

from typing import Protocol

import jax
import jax.numpy as jnp
from flax import struct

from physics.types import Array


class Wiring(Protocol):
    """What a form must offer; `rows` are components of joints, [components, joints]."""

    def differences(self, rows: Array) -> Array:
        """Second end minus first end of every spring, [components, *springs]."""
        ...

    def sums(self, pull: Array, joints: int) -> Array:
        """Adds what springs exert to their first ends and takes it from their second ends.

        Args:
            pull: [components, *springs].
            joints: Number of joints.

        Returns:
            [components, joints].
        """
        ...

    def total(self, quantity: Array) -> Array:
        """Sum over the springs, each counted once, of [*springs]."""
        ...


@struct.dataclass
class Indices:
    """Springs in a list, each with the numbers of its ends. Padded springs join joint 0 to itself.

    Numbers are trusted: they must be in range.
    """

    ends: Array  # [2, springs] int32, first and second joint

    def differences(self, rows: Array) -> Array:
        """[components, springs]."""
        first, second = self.ends
        return _columns(rows, second) - _columns(rows, first)

    def sums(self, pull: Array, joints: int) -> Array:
        """[components, joints]."""
        first, second = self.ends
        sums = jnp.zeros((pull.shape[0], joints), pull.dtype)
        sums = sums.at[:, first].add(pull, mode="promise_in_bounds")
        return sums.at[:, second].add(-pull, mode="promise_in_bounds")

    def total(self, quantity: Array) -> Array:
        """[], of [springs]."""
        return jnp.sum(quantity)


@struct.dataclass
class Pairs:
    """A place for a spring between any two joints: quantities of springs are [joints, joints].

    They are symmetric, and zero where two joints are not joined.
    """

    def differences(self, rows: Array) -> Array:
        """[components, joints, joints], of the column's joint minus the row's."""
        return rows[:, None, :] - rows[:, :, None]

    def sums(self, pull: Array, joints: int) -> Array:
        """[components, joints]: a spring stands twice, once for each end."""
        del joints
        return jnp.sum(pull, axis=2)

    def total(self, quantity: Array) -> Array:
        """[], of [joints, joints]."""
        return 0.5 * jnp.sum(quantity)


@struct.dataclass
class Incidence:
    """Springs in a list, and a matrix that tells their ends."""

    matrix: Array  # [springs, joints] float32, -1 at the first end, 1 at the second, else 0

    def differences(self, rows: Array) -> Array:
        """[components, springs]."""
        return _product(rows, self.matrix.T)

    def sums(self, pull: Array, joints: int) -> Array:
        """[components, joints]."""
        del joints
        return -_product(pull, self.matrix)

    def total(self, quantity: Array) -> Array:
        """[], of [springs]."""
        return jnp.sum(quantity)


def ends_of(wiring: Wiring) -> Array:
    """Ends of the springs, [..., 2, springs] int32.

    Raises:
        TypeError: where the form does not list them.
    """
    if not isinstance(wiring, Indices):
        raise TypeError(f"wiring: got {type(wiring).__name__}, want Indices")
    return wiring.ends


def _columns(rows: Array, index: Array) -> Array:
    return rows.at[:, index].get(mode="promise_in_bounds")


def _product(rows: Array, matrix: Array) -> Array:
    # At less than the highest precision a TPU would round positions to three digits.
    return jnp.matmul(rows, matrix, precision=jax.lax.Precision.HIGHEST)
