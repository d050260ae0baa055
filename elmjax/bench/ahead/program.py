"""A jitted program of a stage with the shapes that a configuration gives it, and where they lie."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import numpy as np

from elmjax.config import Config
from elmjax.lm.parallel import DataParallel

Tree = TypeVar("Tree")


@dataclass(frozen=True, kw_only=True)
class Target:
    """For whom and for where programs are made."""

    stage: str
    config: Config
    devices: Sequence[jax.Device]

    def over(self, rows: int) -> Layout:
        """Spreads so many rows over as many of the devices as have equal shares of them."""
        return Layout(DataParallel.over(rows, self.devices))

    @property
    def alone(self) -> Layout:
        """All on one device, as programs run that nothing spreads."""
        return self.over(1)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is to be compiled."""

    stage: str
    name: str
    shape: str  # in words
    devices: int  # that it runs on
    lower: Callable[[], Any]  # gives what `jax.jit(...).lower(...)` gives
    # Bytes of a device that hold, while it runs, what is not among its arguments.
    beside: int = 0


@dataclass(frozen=True)
class Layout:
    """Where the arrays of a program lie: the one place that knows how work is spread."""

    parallel: DataParallel

    @property
    def devices(self) -> int:
        """How many."""
        return self.parallel.mesh.size

    def rows(self, tree: Tree) -> Tree:
        """Abstract arrays whose first axis is spread."""
        return _abstract(tree, self.parallel.by_rows)

    def whole(self, tree: Tree) -> Tree:
        """Abstract arrays that every device has the whole of."""
        return _abstract(tree, self.parallel.everywhere)


def size_of(tree: Any) -> int:
    """Bytes of the arrays of a tree, real or abstract, as they are without padding."""
    return sum(
        math.prod(leaf.shape) * np.dtype(leaf.dtype).itemsize for leaf in jax.tree.leaves(tree)
    )


def _abstract(tree: Tree, sharding: jax.sharding.Sharding) -> Tree:
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), tree
    )
