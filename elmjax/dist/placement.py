"""One mesh of devices for all stages, and where on it the arrays of each of them lie.

The mesh has three axes. Rows of a batch are spread over `data` and `fsdp`; the parameters that all
rows share are cut over `fsdp`, whose devices gather them layer by layer, and over `tensor`, whose
devices compute some heads and hidden units each. The compiler does the rest: it puts into every
program what the devices have to tell each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")

DATA, FSDP, TENSOR = AXES = ("data", "fsdp", "tensor")
ROW_AXES = (DATA, FSDP)

# Of a parameter, by the names on its path and its shape: the axis that may be cut over `tensor`, or
# None. `lm.split` has the one of our decoder.
Cut = Callable[[tuple[str, ...], tuple[int, ...]], int | None]


@dataclass(frozen=True)
class Placement:
    """A mesh, and what lies how on it. Hashable, so that it can key a compilation."""

    mesh: Mesh

    @classmethod
    def over(
        cls,
        *,
        data: int = 0,
        fsdp: int = 1,
        tensor: int = 1,
        devices: Sequence[jax.Device] | None = None,
    ) -> Placement:
        """Lays devices out.

        Args:
            data: Devices along the axis; 0: as many as there are for the other two.
            fsdp: Devices along the axis.
            tensor: Devices along the axis.
            devices: To choose from; those of all hosts where None.

        Raises:
            ValueError: There are not as many, or those of a host would be left out.
        """
        devices = jax.devices() if devices is None else list(devices)
        together = fsdp * tensor
        wanted = (data or max(1, len(devices) // together)) * together
        told = f"mesh: got data {data or 'as many as there are'}, fsdp {fsdp}, tensor {tensor}"
        if wanted > len(devices) or (data == 0 and len(devices) % together):
            raise ValueError(f"{told} for {len(devices)} devices, wanted a product that they make")
        hosts = len({device.process_index for device in devices})
        if hosts > 1 and wanted != len(devices):
            raise ValueError(f"{told} on {hosts} hosts, wanted all of their {len(devices)} devices")
        shape = (wanted // together, fsdp, tensor)
        if wanted < len(devices):
            devices = devices[:wanted]
        types = (AxisType.Auto,) * len(AXES)
        return cls(jax.make_mesh(shape, AXES, axis_types=types, devices=devices))

    @property
    def size(self) -> int:
        """Devices of the mesh."""
        return int(self.mesh.size)

    @property
    def local_devices(self) -> tuple[jax.Device, ...]:
        """Devices of this host, over all three axes: walks run on each of them."""
        return tuple(self.mesh.local_devices)

    @property
    def is_whole(self) -> bool:
        """Whether all devices are this host's."""
        return len(self.local_devices) == self.size

    @property
    def row_shards(self) -> int:
        """Parts that the rows of a batch are cut into."""
        return int(self.mesh.shape[DATA] * self.mesh.shape[FSDP])

    @property
    def rows(self) -> NamedSharding:
        """Of arrays that lead with the rows of a batch, a multiple of `row_shards`."""
        return NamedSharding(self.mesh, PartitionSpec(ROW_AXES))

    @property
    def everywhere(self) -> NamedSharding:
        """Of arrays that every device has whole."""
        return NamedSharding(self.mesh, PartitionSpec())

    def rows_of(self, count: int) -> NamedSharding:
        """Of arrays of `count` rows: over the axes that cut them equally."""
        for axes in (ROW_AXES, (DATA,), (FSDP,)):
            if count % int(np.prod([self.mesh.shape[axis] for axis in axes])) == 0:
                return NamedSharding(self.mesh, PartitionSpec(axes))
        return self.everywhere

    def spread(self, array: jax.Array) -> jax.Array:
        """Spreads an array by its rows, within a program."""
        return jax.lax.with_sharding_constraint(array, self.rows_of(array.shape[0]))

    def padded(self, count: int) -> int:
        """The number of rows, at least `count`, that devices share equally."""
        return -(-count // self.row_shards) * self.row_shards

    def shardings(self, tree: Any, cut: Cut, *, fsdp: bool = True) -> Any:
        """Where parameters lie, or whatever has their paths, as the moments of an optimiser.

        Args:
            tree: Of arrays or of their shapes.
            cut: Which axis of each may be cut over `tensor`.
            fsdp: Whether matrices are cut over `fsdp` too, along the largest axis that it divides.
        """

        def of(path: jax.tree_util.KeyPath, leaf: Any) -> NamedSharding:
            names = tuple(str(key.key) for key in path if isinstance(key, jax.tree_util.DictKey))
            shape = tuple(leaf.shape)
            axes: list[str | None] = [None] * len(shape)
            axis = cut(names, shape) if self.mesh.shape[TENSOR] > 1 else None
            if axis is not None:
                axes[axis] = TENSOR
            largest = self._largest(names, shape, axis) if fsdp else None
            if largest is not None:
                axes[largest] = FSDP
            return NamedSharding(self.mesh, PartitionSpec(*axes))

        return jax.tree_util.tree_map_with_path(of, tree)

    def _largest(
        self, names: tuple[str, ...], shape: tuple[int, ...], taken: int | None
    ) -> int | None:
        """The axis of a matrix to cut over `fsdp`; never that of layers, which are read in turn."""
        count, first = self.mesh.shape[FSDP], 1 if "blocks" in names else 0
        if count == 1 or len(shape) - first < 2:
            return None
        free = [i for i in range(first, len(shape)) if i != taken and shape[i] % count == 0]
        return max(free, key=lambda i: shape[i], default=None)

    def put(self, tree: Tree, shardings: Any) -> Tree:
        """Brings arrays to where they lie.

        Args:
            tree: Of NumPy or JAX arrays, which are the same on every host.
            shardings: One for all, or a tree of them like `tree`.
        """
        if isinstance(shardings, NamedSharding):
            one = shardings
            shardings = jax.tree.map(lambda _: one, tree)
        return jax.tree.map(_put, tree, shardings)


def fetch(tree: Tree) -> Tree:
    """NumPy arrays, whole on every host; where they lie on several, all have to ask."""
    leaves = jax.tree.leaves(tree)
    far = [leaf for leaf in leaves if isinstance(leaf, jax.Array) and not _is_whole_here(leaf)]
    if far:
        sharding = far[0].sharding
        assert isinstance(sharding, NamedSharding)  # `put` gives no other
        everywhere = NamedSharding(sharding.mesh, PartitionSpec())
        tree = jax.jit(_same, out_shardings=everywhere)(tree)
    return jax.tree.map(np.asarray, tree)


def _put(leaf: Any, sharding: NamedSharding) -> jax.Array:
    if isinstance(leaf, jax.Array) and leaf.sharding == sharding:
        return leaf
    if sharding.is_fully_addressable:
        return jax.device_put(leaf, sharding)
    if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
        return jax.jit(_same, out_shardings=sharding)(leaf)
    if isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(_put(jax.random.key_data(leaf), sharding))
    # Every host cuts the pieces of its own devices out of the whole.
    whole = np.asarray(leaf)
    return jax.make_array_from_callback(whole.shape, sharding, lambda index: whole[index])


def _same(tree: Tree) -> Tree:
    return tree


def _is_whole_here(array: jax.Array) -> bool:
    return array.is_fully_addressable or array.is_fully_replicated
