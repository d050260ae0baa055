"""Tensors of a family to our parameters and back.

Linear layers are stored [outputs, inputs] there, but for GPT-2, and [inputs, outputs] here; there
every layer and most projections are tensors of their own, here layers are stacked and some
projections fused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Sharding
from jax.typing import DTypeLike

from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.hugging_face.layouts import CONSTANTS, LAYOUTS, Layout

# From a path in our parameters and the value on the host to what the parameters hold.
Place = Callable[[tuple[str, ...], np.ndarray], Array]


def tensors_to_hugging_face(
    params: Params, config: DecoderConfig, family: str = "llama"
) -> dict[str, np.ndarray]:
    """Named tensors of our parameters, in their own types."""
    layout = LAYOUTS[family]
    tensors: dict[str, np.ndarray] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        module, part = (entry.key for entry in path[-2:])
        whole = np.asarray(leaf)
        if path[0].key != "blocks":
            name = _outer_name(layout, module, part)
            tensors[name] = whole.T if part == "kernel" else whole
            continue
        for layer, stacked in enumerate(whole):
            pieces = _split(layout, config, module, stacked)
            for name, piece in zip(layout.parts[module], pieces, strict=True):
                flipped = part == "kernel" and not layout.inputs_first
                tensors[_layer_name(layout, layer, name, part)] = piece.T if flipped else piece
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def tensors_from_hugging_face(
    tensors: Mapping[str, np.ndarray],
    config: DecoderConfig,
    family: str = "llama",
    *,
    dtype: DTypeLike = jnp.float32,
    sharding: Any = None,
) -> Params:
    """Our parameters from named tensors of any float type.

    One parameter is on the host at a time, and only those of its tensors are read, so that
    `tensors` may read files when asked.

    Args:
        tensors: By name; those of older versions that are constants are not read.
        config: Of the model.
        family: Of `LAYOUTS`.
        dtype: Of our parameters.
        sharding: Where they go: a `Sharding`, or one for every parameter in a tree like theirs.
            None: the default device.

    Raises:
        ValueError: If a tensor is missing, unknown or of a shape that the config does not give.
    """
    names = {name for name in tensors if CONSTANTS.search(name) is None}
    layout = _as_stored(LAYOUTS[family], names)
    if config.tie_embeddings:
        names.discard("lm_head.weight")
    shapes = decoder.abstract_params(config)
    wanted = set(_names(shapes, config, layout))
    if missing := wanted - names:
        raise ValueError(f"the weights lack {_some(missing)}; does config.json belong to them?")
    if unknown := names - wanted:
        raise ValueError(f"the weights have {len(unknown)} unknown tensors: {_some(unknown)}")
    place = _placing(shapes, np.dtype(dtype), sharding)

    def parameter(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct) -> Array:
        keys = tuple(entry.key for entry in path)
        if keys[0] == "blocks":
            return place(keys, _stacked(tensors, layout, config, keys[1:], leaf.shape))
        name = _outer_name(layout, *keys[-2:])
        flipped = keys[-1] == "kernel"
        return place(keys, _take(tensors, name, leaf.shape, flipped=flipped))

    return jax.tree_util.tree_map_with_path(parameter, shapes)


def _some(names: set[str]) -> str:
    """The first names of many."""
    first = sorted(names)[:3]
    return ", ".join(first) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _as_stored(layout: Layout, names: set[str]) -> Layout:
    """The layout without the base of the names, where a file leaves it out."""
    if any(name.startswith(layout.base) for name in names):
        return layout
    return dataclasses.replace(layout, base="")


def _names(shapes: Params, config: DecoderConfig, layout: Layout) -> Iterator[str]:
    for path, _ in jax.tree_util.tree_leaves_with_path(shapes):
        module, part = (entry.key for entry in path[-2:])
        if path[0].key != "blocks":
            yield _outer_name(layout, module, part)
            continue
        for layer in range(config.layers):
            for name in layout.parts[module]:
                yield _layer_name(layout, layer, name, part)


def _outer_name(layout: Layout, module: str, part: str) -> str:
    own = {"embedding": layout.embedding, "norm": layout.norm, "position": layout.position}
    ending = "bias" if part == "bias" else "weight"
    if module == "head":
        return f"lm_head.{ending}"
    return f"{layout.base}{own[module]}.{ending}"


def _layer_name(layout: Layout, layer: int, name: str, part: str) -> str:
    ending = "bias" if part == "bias" else "weight"
    return f"{layout.path(layer, name)}.{ending}"


def _stacked(
    tensors: Mapping[str, np.ndarray],
    layout: Layout,
    config: DecoderConfig,
    keys: tuple[str, ...],
    shape: tuple[int, ...],
) -> np.ndarray:
    """One parameter of all layers, of [layers, ...] shape."""
    module, part = keys
    names = layout.parts[module]
    widths = layout.widths(config, module, shape[-1])
    flipped = part == "kernel" and not layout.inputs_first

    def of(layer: int) -> np.ndarray:
        pieces = [
            _take(
                tensors,
                _layer_name(layout, layer, name, part),
                (*shape[1:-1], width),
                flipped=flipped,
            )
            for name, width in zip(names, widths, strict=True)
        ]
        whole = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=-1)
        return whole[..., layout.order(module, whole.shape[-1])]

    return np.stack([of(layer) for layer in range(config.layers)])


def _take(
    tensors: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...], *, flipped: bool
) -> np.ndarray:
    """One tensor in our orientation."""
    tensor = tensors[name]
    wanted = shape[::-1] if flipped else shape
    if tensor.shape != wanted:
        raise ValueError(f"{name} must have shape {wanted}, got {tensor.shape}")
    return tensor.T if flipped else tensor


def _split(
    layout: Layout, config: DecoderConfig, module: str, whole: np.ndarray
) -> list[np.ndarray]:
    """The tensors that one of our layer's parameters is stored as."""
    back = np.argsort(layout.order(module, whole.shape[-1]))
    widths = layout.widths(config, module, whole.shape[-1])
    return np.split(whole[..., back], np.cumsum(widths)[:-1], axis=-1)


def _placing(shapes: Params, dtype: np.dtype[Any], sharding: Any) -> Place:
    """What brings a parameter to the devices."""
    if sharding is None:
        return lambda _, value: jnp.asarray(value, dtype)
    one_for_all = isinstance(sharding, Sharding)
    tree = jax.tree.map(lambda _: sharding, shapes) if one_for_all else sharding
    of = {
        tuple(entry.key for entry in path): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(
            tree, is_leaf=lambda leaf: isinstance(leaf, Sharding)
        )
    }

    def place(path: tuple[str, ...], value: np.ndarray) -> Array:
        # Every process cuts its own devices' pieces out of the whole.
        return jax.make_array_from_callback(
            value.shape, of[path], lambda index: value[index].astype(dtype)
        )

    return place
