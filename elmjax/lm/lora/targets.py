"""The projections that adapters are asked for, by the names that a family's files give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.hugging_face.layouts import LAYOUTS
from elmjax.lm.lora.shape import Adapter, LoRA

ALL = "all-linear"  # PEFT's word for every projection of every layer


def make_lora(
    config: DecoderConfig, family: str, *, rank: int, alpha: float, targets: Sequence[str]
) -> LoRA:
    """Adapters on the projections of some names.

    Args:
        config: Of the decoder.
        family: Of `hugging_face.FAMILIES`.
        rank: Of every pair of matrices.
        alpha: Their product is multiplied by alpha / rank.
        targets: As PEFT's `target_modules`: a projection's name or how it ends, such as "q_proj" or
            "mlp.c_proj"; "all-linear" is every one.

    Raises:
        ValueError: If a target is not the name of a projection, or there is none.
    """
    names = projections(config, family)
    for target in targets:
        if target != ALL and not any(_is(name, target) for name in names):
            raise ValueError(
                f"no projection of {family} is called {target!r}; wanted {ALL} or some of "
                f"{', '.join(names)}"
            )
    wanted = _adapters(
        config,
        family,
        lambda name: any(target == ALL or _is(name, target) for target in targets),
    )
    return LoRA(rank=rank, alpha=alpha, adapters=tuple(wanted))


def projections(config: DecoderConfig, family: str) -> list[str]:
    """Names of all projections of a layer."""
    parts = LAYOUTS[family].parts
    return [name for module in _modules(config) for name in parts[module]]


def _is(name: str, target: str) -> bool:
    return name == target or name.endswith(f".{target}")


def _modules(config: DecoderConfig) -> dict[str, int]:
    """Our projections, and how many outputs each has."""
    blocks = decoder.abstract_params(config)["blocks"]
    return {name: own["kernel"].shape[-1] for name, own in blocks.items() if "kernel" in own}


def _adapters(
    config: DecoderConfig, family: str, wants: Callable[[str], bool]
) -> Iterator[Adapter]:
    layout = LAYOUTS[family]
    for module, outputs in _modules(config).items():
        pieces, first = [], 0
        widths = layout.widths(config, module, outputs)
        for name, width in zip(layout.parts[module], widths, strict=True):
            if wants(name):
                pieces.append((first, width))
            first += width
        if pieces:
            yield Adapter(module=module, pieces=tuple(pieces))
