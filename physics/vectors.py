"""Products of vectors whose components are rows, [dim, ...]: dim is 2 or 3."""

from functools import reduce
from operator import add

from physics.types import Array


def dot(a: Array, b: Array) -> Array:
    """Scalar products, [...], added component after component."""
    # Not `sum`, which may add in another order: results are repeated to the last bit.
    return reduce(add, [x * y for x, y in zip(a, b, strict=True)])
