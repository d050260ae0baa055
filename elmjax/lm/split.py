"""How the parameters of a decoder are cut over the devices of a mesh.

Heads and hidden units are independent of each other up to the product that brings them back into
the stream, so they, and the entries of the vocabulary, are what the axis `tensor` is for, in every
family of models. Queries, keys and values are one matrix here, as are gate and up: devices exchange
the parts of their products that belong together.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
from jax.sharding import NamedSharding

from elmjax.dist.placement import AXES, TENSOR, Cut, Placement
from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.lora.adapters import NAMES as ADAPTERS

_OUTPUTS, _INPUTS = -1, -2  # axes of a matrix


def decoder_cut(config: DecoderConfig, tensor: int) -> Cut:
    """Which axis of each parameter is cut in `tensor` parts, for `Placement.shardings`.

    Raises:
        ValueError: where heads or hidden units are not shared equally.
    """
    for name, units in (("heads", config.heads), ("hidden units", config.hidden)):
        if units % tensor:
            raise ValueError(f"mesh.tensor: got {tensor}, wanted a divisor of the {units} {name}")
    return partial(_cut, config, tensor)


def parameter_shardings(placement: Placement, config: DecoderConfig, tree: Any) -> Any:
    """Where parameters lie while they are trained, or whatever holds arrays at their paths.

    Raises:
        ValueError: as `decoder_cut`.
    """
    return placement.shardings(tree, decoder_cut(config, placement.mesh.shape[TENSOR]))


def reading_shardings(placement: Placement, config: DecoderConfig) -> Any:
    """Where parameters lie while they are sampled from, which needs all of them at every token.

    Raises:
        ValueError: as `decoder_cut`.
    """
    cut = decoder_cut(config, placement.mesh.shape[TENSOR])
    return placement.shardings(decoder.abstract_params(config), cut, fsdp=False)


def to_read(placement: Placement, config: DecoderConfig, params: Params) -> Params:
    """Brings parameters to where they are sampled from; nothing to do where they are there."""
    return placement.put(params, reading_shardings(placement, config))


def lying(params: Params) -> Placement | None:
    """The placement that parameters have; None where they are on one device."""
    sharding = getattr(jax.tree.leaves(params)[0], "sharding", None)
    if not isinstance(sharding, NamedSharding) or sharding.mesh.axis_names != AXES:
        return None
    placement = Placement(sharding.mesh)  # type: ignore[arg-type]
    return placement if placement.size > 1 else None


def _cut(
    config: DecoderConfig, tensor: int, names: tuple[str, ...], shape: tuple[int, ...]
) -> int | None:
    if len(names) < 2:
        return None
    module, part = names[-2:]
    if part in ADAPTERS:  # too small to be worth an exchange
        return None
    if module == "embedding" and "encoder" not in names:
        axis, units = _INPUTS, config.vocab_size
    elif module == "head" and "value" not in names:
        axis, units = _OUTPUTS, config.vocab_size
    elif "blocks" not in names:
        return None
    elif module == "query_key_value":
        axis, units = _OUTPUTS, math.gcd(config.heads, config.shared_heads)
    elif module in ("gate_up", "up"):
        axis, units = _OUTPUTS, config.hidden
    elif module in ("attention_out", "down"):
        # What their biases are added to is whole again.
        axis, units = _INPUTS, config.heads if module == "attention_out" else config.hidden
        if part != "kernel":
            return None
    else:
        return None
    return len(shape) + axis if units % tensor == 0 else None
