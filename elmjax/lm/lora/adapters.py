"""Adapters as a tree of their own beside frozen weights: made, joined to them, merged into them.

    {"blocks": {module: {"lora_a": [layers, inputs, pieces * rank],
                         "lora_b": [layers, rank, adapted outputs]}}}

Joined to the weights it is the tree of a decoder whose configuration has `lora`; joining copies
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params, abstract_params
from elmjax.lm.lora.shape import Adapter, LoRA

NAMES = ("lora_a", "lora_b")


def init_adapters(config: DecoderConfig, key: Array) -> Params:
    """Fresh adapters, with which a decoder computes exactly what it does without.

    As those of PEFT: A is uniform within one over the root of its inputs, B is zero.

    Args:
        config: Of a decoder with `lora`.
        key: Typed PRNG key.
    """
    shapes = split(abstract_params(config))[1]["blocks"]

    def pair(shape: dict[str, jax.ShapeDtypeStruct], key: Array) -> Params:
        bound = shape["lora_a"].shape[1] ** -0.5
        start = jax.random.uniform(key, shape["lora_a"].shape, minval=-bound, maxval=bound)
        return {"lora_a": start, "lora_b": jnp.zeros(shape["lora_b"].shape, jnp.float32)}

    keys = jax.random.split(key, len(shapes))
    return {"blocks": {name: pair(shapes[name], keys[i]) for i, name in enumerate(sorted(shapes))}}


def join(frozen: Params, adapters: Params) -> Params:
    """The tree of a decoder with `lora`, of the same arrays."""
    blocks = {
        module: {**own, **adapters["blocks"].get(module, {})}
        for module, own in frozen["blocks"].items()
    }
    return {**frozen, "blocks": blocks}


def split(params: Params) -> tuple[Params, Params]:
    """The weights and the adapters that `join` joined."""
    frozen, adapters = dict[str, Any](), dict[str, Any]()
    for module, own in params["blocks"].items():
        frozen[module] = {name: leaf for name, leaf in own.items() if name not in NAMES}
        if found := {name: leaf for name, leaf in own.items() if name in NAMES}:
            adapters[module] = found
    return {**params, "blocks": frozen}, {"blocks": adapters}


def whole(trained: Params, frozen: Params | None, config: DecoderConfig) -> Params:
    """All parameters of a decoder of which some are trained.

    Args:
        trained: The adapters where the decoder has any, else all parameters.
        frozen: What the adapters stand beside; not used where there are none.
        config: Of the decoder.

    Raises:
        ValueError: If the decoder has adapters and `frozen` is missing.
    """
    if config.lora is None:
        return trained
    if frozen is None:
        raise ValueError("adapters stand beside frozen weights, and there are none")
    return join(frozen, trained)


def trained_of(params: Params, config: DecoderConfig) -> tuple[Params, Params | None]:
    """What `whole` takes: the parameters that are trained, and those that stay as they are."""
    if config.lora is None:
        return params, None
    frozen, adapters = split(params)
    return adapters, frozen


def merged(params: Params, config: DecoderConfig) -> tuple[Params, DecoderConfig]:
    """Weights that compute by themselves what they do with their adapters.

    On the host, one projection at a time: the device has no room for a second copy of all.

    Returns:
        NumPy arrays where there were adapters, and the configuration without them.
    """
    if config.lora is None:
        return params, config
    frozen, adapters = split(params)
    blocks = dict(frozen["blocks"])
    for module, pair in adapters["blocks"].items():
        kernel = np.array(blocks[module]["kernel"])
        for (first, width), a, b in pairs(config.lora, module, pair):
            kernel[..., first : first + width] += config.lora.scale * (a @ b)
        blocks[module] = {**blocks[module], "kernel": kernel}
    return {**frozen, "blocks": blocks}, replace(config, lora=None)


def pairs(
    lora: LoRA, module: str, pair: Params
) -> Iterator[tuple[tuple[int, int], np.ndarray, np.ndarray]]:
    """Every adapted part of a projection's outputs, with its A and B, [layers, ...] float32."""
    a, b = (np.asarray(pair[name], np.float32) for name in NAMES)
    used = 0
    for number, (first, width) in enumerate(_adapter(lora, module).pieces):
        yield (
            (first, width),
            a[..., number * lora.rank : (number + 1) * lora.rank],
            b[..., used : used + width],
        )
        used += width


def _adapter(lora: LoRA, module: str) -> Adapter:
    found = lora.of(module)
    if found is None:
        raise ValueError(f"{module} has no adapters in the configuration")
    return found
