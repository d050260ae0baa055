"""Rotary positions as `config.json` describes them, in the keys of transformers 5 and before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elmjax.lm.rope import Linear, Llama3, Rope, Yarn, yarn_gain


def rope_of(content: Mapping[str, Any], *, head: int, theta: float, of: str | None = None) -> Rope:
    """How queries and keys turn.

    Args:
        content: Of `config.json`.
        head: Components of a head.
        theta: Where the file does not say.
        of: The layer type, where the types differ ("full_attention", "sliding_attention").

    Raises:
        ValueError: If positions are stretched in a way that is not supported, or a key is missing.
    """
    told = content.get("rope_parameters") or content.get("rope_scaling") or {}
    if of is not None and of in told:
        told = told[of] or {}
    kind = told.get("rope_type", told.get("type", "default"))
    theta = float(told.get("rope_theta", content.get("rope_theta", theta)))
    share = told.get("partial_rotary_factor", content.get("partial_rotary_factor", 1.0))
    try:
        scaling = _SCALINGS[kind](told, content)
    except KeyError as error:
        if error.args[0] == kind:
            known = ", ".join(_SCALINGS)
            raise ValueError(f"config.json: rope_type must be one of {known}; got {kind}") from None
        raise ValueError(f"config.json: rope_type {kind} lacks {error}") from None
    rotated = None if share == 1.0 else int(head * share)
    return Rope(theta=theta, rotated=rotated, scaling=scaling)


def _trained(told: Mapping[str, Any], content: Mapping[str, Any]) -> int:
    name = "original_max_position_embeddings"
    return int(told.get(name) or content.get(name) or content["max_position_embeddings"])


def _linear(told: Mapping[str, Any], _content: Mapping[str, Any]) -> Linear:
    return Linear(factor=float(told["factor"]))


def _llama3(told: Mapping[str, Any], content: Mapping[str, Any]) -> Llama3:
    return Llama3(
        factor=float(told["factor"]),
        low=float(told["low_freq_factor"]),
        high=float(told["high_freq_factor"]),
        trained=_trained(told, content),
    )


def _yarn(told: Mapping[str, Any], content: Mapping[str, Any]) -> Yarn:
    trained = _trained(told, content)
    factor = float(told.get("factor") or content["max_position_embeddings"] / trained)
    gain = told.get("attention_factor")
    if gain is None:
        scale, of_all = told.get("mscale"), told.get("mscale_all_dim")
        gain = (
            yarn_gain(factor, scale) / yarn_gain(factor, of_all)
            if scale and of_all
            else yarn_gain(factor)
        )
    return Yarn(
        factor=factor,
        trained=trained,
        gain=float(gain),
        fast=float(told.get("beta_fast") or 32),
        slow=float(told.get("beta_slow") or 1),
        truncate=bool(told.get("truncate", True)),
    )


_SCALINGS = {
    "default": lambda _told, _content: None,
    "linear": _linear,
    "llama3": _llama3,
    "yarn": _yarn,
}
