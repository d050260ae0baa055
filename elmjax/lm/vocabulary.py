"""What every tokenizer here does, whether it was trained by us or came with a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Vocabulary(Protocol):
    """Text to ids and back."""

    @property
    def end(self) -> int:
        """Id that ends a text."""

    @property
    def pad(self) -> int:
        """Id that fills places."""

    @property
    def opening(self) -> tuple[int, ...]:
        """Ids that ask for a whole program; at least one."""

    @property
    def vocab_size(self) -> int:
        """One more than the largest id."""

    @property
    def token_bytes(self) -> tuple[bytes, ...]:
        """What every token stands for, by id."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text; nothing is added at either end."""

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts."""

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special strings kept."""

    def write(self, folder: Path) -> None:
        """Writes all that `transformers` needs to read the tokenizer."""
