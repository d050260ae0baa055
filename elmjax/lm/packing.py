"""Packing documents into rows of one length, so that training compiles once and wastes little.

A document is a prompt with several continuations in parallel (one program, many edits of it). Each
continuation sees the prompt and itself only, and its positions follow those of the prompt, exactly
as the sampler will have it. The prompt is thus read once for all of its continuations.

The last token of the prompt has as many successors as there are continuations. It is therefore not
part of the shared prompt but the first input of every continuation:

    prompt  p0 p1 p2       inputs   p0 p1 | p2 a0 | p2 b0       position  0 1 | 2 3 | 2 3
    edits   a0 a1, b0 b1   targets  p1 p2 | a0 a1 | b0 b1       segment   0 0 | 1 1 | 2 2

No input is wasted, and every loss is that of the sequence prompt + continuation read on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flax.struct
import jax
import numpy as np
from jax import Array


@dataclass(frozen=True, kw_only=True)
class Document:
    """A prompt and its continuations, as token ids, with the weight of each token's loss."""

    prompt: Sequence[int]
    continuations: Sequence[Sequence[int]] = field(default_factory=tuple)
    given: Sequence[int] | None = None  # leading tokens of each continuation that are not learned
    # Of the tokens of each continuation, in the prompt's count; None: they follow the prompt.
    positions: Sequence[Sequence[int]] | None = None
    prompt_weight: float = 1.0
    continuation_weight: float | Sequence[float] = 1.0  # of all continuations, or of each

    def __post_init__(self) -> None:
        """Checks the lengths.

        Raises:
            ValueError: If the prompt or a continuation is empty.
        """
        if not self.prompt or not all(self.continuations):
            lengths = [len(continuation) for continuation in self.continuations]
            raise ValueError(
                f"prompt and continuations need at least one token each, got a prompt of "
                f"{len(self.prompt)} and continuations of {lengths}"
            )

    @property
    def slots(self) -> int:
        """Inputs that the document takes in a row."""
        return len(self.prompt) - 1 + sum(map(len, self.continuations))


@flax.struct.dataclass
class Batch:
    """Rows of packed documents; a slot of weight 0 teaches nothing. `pack` fills it with NumPy."""

    tokens: Array  # [rows, time] int32, inputs
    targets: Array  # [rows, time] int32, the token to predict after each input
    weights: Array  # [rows, time] float32, weight of each prediction's loss
    position: Array  # [rows, time] int32, place in prompt + continuation
    group: Array  # [rows, time] int32, document within the row from 1, 0 for padding
    segment: Array  # [rows, time] int32, 0 for the prompt, then 1, 2, ... per continuation

    def rows(self, chosen: slice | np.ndarray) -> Batch:
        """The batch of some of the rows."""
        return jax.tree.map(lambda column: column[chosen], self)

    def padded(self, rows: int) -> Batch:
        """With empty rows, which teach nothing, up to so many. For NumPy."""
        empty = rows - len(self.tokens)
        return jax.tree.map(lambda column: np.pad(column, ((0, empty), (0, 0))), self)


@dataclass(frozen=True, kw_only=True)
class Packed:
    """All documents that fit, as NumPy rows, and those that did not."""

    batch: Batch
    too_long: tuple[int, ...]  # indices of documents longer than a row

    @property
    def filled(self) -> float:
        """Share of the slots that hold a document."""
        return float(np.mean(np.asarray(self.batch.group) > 0))


def pack(documents: Sequence[Document], row_length: int) -> Packed:
    """Packs documents first-fit: each goes into the first row that has room for it.

    Rows are filled in order, so shuffle the documents beforehand.

    Args:
        documents: What to pack.
        row_length: Slots of a row.

    Raises:
        ValueError: If no document fits.
    """
    fitting = [document for document in documents if document.slots <= row_length]
    if not fitting:
        raise ValueError(
            f"none of the {len(documents)} documents fits a row of {row_length} slots; "
            f"pass a larger row_length"
        )
    rows = _first_fit(fitting, row_length)
    columns: dict[str, Any] = {
        name: np.zeros((len(rows), row_length), np.float32 if name == "weights" else np.int32)
        for name in ("tokens", "targets", "weights", "position", "group", "segment")
    }
    for index, row in enumerate(rows):
        _fill({name: column[index] for name, column in columns.items()}, row)
    too_long = (index for index, document in enumerate(documents) if document.slots > row_length)
    return Packed(batch=Batch(**columns), too_long=tuple(too_long))


def _first_fit(documents: Sequence[Document], row_length: int) -> list[list[Document]]:
    rows: list[list[Document]] = []
    room: list[int] = []
    for document in documents:
        # Old rows have little room left; looking at recent ones only keeps packing linear.
        recent = range(max(0, len(rows) - 64), len(rows))
        index = next((row for row in recent if room[row] >= document.slots), len(rows))
        if index == len(rows):
            rows.append([])
            room.append(row_length)
        rows[index].append(document)
        room[index] -= document.slots
    return rows


def _fill(columns: dict[str, np.ndarray], documents: Sequence[Document]) -> None:
    """Lays documents one after the other into the [time] columns of one row."""
    start = 0
    for group, document in enumerate(documents, start=1):
        last = len(document.prompt) - 1
        pieces = [([*document.prompt], [*range(last)], 0, document.prompt_weight)]
        given = document.given or [0] * len(document.continuations)
        positions = document.positions or [
            range(last + 1, last + 1 + len(continuation)) for continuation in document.continuations
        ]
        weights = np.broadcast_to(document.continuation_weight, len(document.continuations))
        for continuation, known, placed, weight in zip(
            document.continuations, given, positions, weights.tolist(), strict=True
        ):
            sequence = [document.prompt[-1], *continuation]
            inputs = [last, *placed[:-1]]
            pieces.append((sequence, inputs, known, weight))
        for segment, (sequence, inputs, known, weight) in enumerate(pieces):
            length = len(sequence) - 1
            cut = slice(start, start + length)
            columns["tokens"][cut] = sequence[:-1]
            columns["targets"][cut] = sequence[1:]
            columns["weights"][cut] = weight
            columns["weights"][start : start + known] = 0.0
            columns["position"][cut] = inputs
            columns["group"][cut] = group
            columns["segment"][cut] = segment
            start = cut.stop
