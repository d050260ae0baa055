"""Data-parallel training: the rows of a batch spread over devices, all else on each of them.

The compiler does the rest: it computes each device's share of the loss where its rows lie and adds
the gradients up. On one device the same code is plain training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")

_ROWS = "rows"


@dataclass(frozen=True)
class DataParallel:
    """Where the arrays of a training run lie.

    Attributes:
        mesh: The devices, along one axis.
    """

    mesh: Mesh

    @classmethod
    def over(cls, rows: int, devices: Sequence[jax.Device] | None = None) -> DataParallel:
        """Spreads over as many devices as have equal shares of `rows`.

        Args:
            rows: Rows that are read at once.
            devices: To choose from; those of this process where None.
        """
        devices = jax.local_devices() if devices is None else devices
        count = max(n for n in range(1, len(devices) + 1) if rows % n == 0)
        return cls(Mesh(np.array(devices[:count]), (_ROWS,)))

    @property
    def everywhere(self) -> NamedSharding:
        """On every device the whole."""
        return NamedSharding(self.mesh, PartitionSpec())

    @property
    def by_rows(self) -> NamedSharding:
        """On every device its share of the first axis."""
        return NamedSharding(self.mesh, PartitionSpec(_ROWS))

    def replicate(self, tree: Tree) -> Tree:
        """Copies every array to every device."""
        return jax.device_put(tree, self.everywhere)

    def split(self, batch: Tree) -> Tree:
        """Gives every device its share of the rows, the first axis of every array."""
        return jax.device_put(batch, self.by_rows)
