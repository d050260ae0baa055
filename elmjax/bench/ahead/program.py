"""A jitted program of a stage with the shapes that a configuration gives it, and where they lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import NamedSharding

from elmjax.config import Config, ConfigError
from elmjax.dist.placement import Placement
from elmjax.lm.split import reading_shardings
from elmjax.lm.store import LanguageModel

Tree = TypeVar("Tree")


@dataclass(frozen=True, kw_only=True)
class Target:
    """For whom and for where programs are made."""

    stage: str
    config: Config
    placement: Placement

    @classmethod
    def over(cls, stage: str, config: Config, devices: Sequence[jax.Device]) -> Target:
        """Lays devices out as the configuration asks.

        Raises:
            ConfigError: where there are not as many.
        """
        mesh = config.mesh
        try:
            placement = Placement.over(
                data=mesh.data, fsdp=mesh.fsdp, tensor=mesh.tensor, devices=devices
            )
        except ValueError as error:
            raise ConfigError(str(error)) from None
        return cls(stage=stage, config=config, placement=placement)

    @property
    def of_a_host(self) -> tuple[jax.Device, ...]:
        """Devices of the first host: each walks its own share of the bodies."""
        devices = self.placement.mesh.devices.flat
        return tuple(device for device in devices if device.process_index == 0)

    @property
    def hosts(self) -> int:
        """How many."""
        return len({device.process_index for device in self.placement.mesh.devices.flat})

    def whole(self, tree: Tree) -> Tree:
        """Abstract arrays that every device has whole."""
        return laid(tree, self.placement.everywhere)

    def to_read(self, model: LanguageModel) -> LanguageModel:
        """The model with abstract parameters that lie as they are sampled from."""
        where = reading_shardings(self.placement, model.config)
        return replace(model, params=laid(model.params, where))


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is to be compiled."""

    stage: str
    name: str
    shape: str  # in words
    devices: int  # that it runs on
    lower: partial[Any]  # `jax.jit(...).lower` with abstract arguments
    # Bytes of a device that hold, while it runs, what is not among its arguments.
    beside: int = 0

    @property
    def held(self) -> int:
        """Bytes of a device that its arguments and what stands beside them take at least."""
        given = jax.tree.leaves(self.lower.args)
        abstract = [leaf for leaf in given if isinstance(leaf, jax.ShapeDtypeStruct)]
        return size_of(abstract) + self.beside


def laid(tree: Tree, shardings: Any) -> Tree:
    """Abstract arrays in the place of real ones, as `Placement.put` would lay these."""
    if isinstance(shardings, NamedSharding):
        one = shardings
        shardings = jax.tree.map(lambda _: one, tree)
    return jax.tree.map(_abstract, tree, shardings)


def size_of(tree: Any) -> int:
    """Bytes of a device that abstract arrays take there, without padding."""
    return sum(_size(leaf) for leaf in jax.tree.leaves(tree))


def _size(leaf: jax.ShapeDtypeStruct) -> int:
    there = leaf.sharding.shard_shape(leaf.shape) if leaf.sharding else leaf.shape
    # Keys of random numbers are two numbers of 32 bits, of which NumPy knows nothing.
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return 8 * math.prod(there)
    return math.prod(there) * np.dtype(leaf.dtype).itemsize


def _abstract(leaf: Any, sharding: NamedSharding) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)
