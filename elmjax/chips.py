"""Chips that programs run on, and what their makers say of them."""

from dataclasses import dataclass

GIB = 2**30
_SQUARES = ("1x1", "2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16")
_CUBES = ("1x1x1", "2x2x1", "2x2x2", "2x2x4", "2x4x4", "4x4x4", "4x4x8", "4x8x8", "8x8x8")


@dataclass(frozen=True)
class Chip:
    """One generation of TPUs."""

    kind: str  # as JAX calls its devices
    memory: int  # bytes of a chip
    flops_per_second: float  # bfloat16, dense
    shapes: tuple[str, ...]  # of slices


CHIPS = {
    "v4": Chip("TPU v4", 32 * GIB, 275e12, _CUBES),
    "v5e": Chip("TPU v5 lite", 16 * GIB, 197e12, _SQUARES),
    "v5p": Chip("TPU v5", 95 * GIB, 459e12, _CUBES),
    "v6e": Chip("TPU v6 lite", 32 * GIB, 918e12, _SQUARES),
}


def peak_of(kind: str) -> float | None:
    """Operations a second in bfloat16 of a device by the name that JAX has for it; None: unknown.

    Nothing is known of CPUs, whose peak depends on clock and cores, nor of GPUs.
    """
    return next((chip.flops_per_second for chip in CHIPS.values() if chip.kind == kind), None)
