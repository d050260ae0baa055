"""Which projections of a decoder have low-rank adapters, and of what rank."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """The adapters of one of our projections, which may be several of a family's side by side.

    Attributes:
        module: Name within a block, such as "query_key_value".
        pieces: First output and number of outputs of every part that has a pair of matrices.
    """

    module: str
    pieces: tuple[tuple[int, int], ...]

    @property
    def outputs(self) -> int:
        """Outputs that are adapted."""
        return sum(width for _, width in self.pieces)


@dataclass(frozen=True, kw_only=True)
class LoRA:
    """The adapters of every layer of a decoder.

    Raises:
        ValueError: If rank or alpha is not positive, or nothing is adapted.
    """

    rank: int
    alpha: float
    adapters: tuple[Adapter, ...]

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"the rank of adapters must be at least 1, got {self.rank}")
        if not self.alpha > 0.0:
            raise ValueError(f"alpha must be positive, got {self.alpha}")
        if not self.adapters:
            raise ValueError("adapters must adapt at least one projection")

    @property
    def scale(self) -> float:
        """What the product of a pair is multiplied by."""
        return self.alpha / self.rank

    def of(self, module: str) -> Adapter | None:
        """The adapters of a projection; None where it has none."""
        return next((each for each in self.adapters if each.module == module), None)
