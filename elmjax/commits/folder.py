"""Triples on disk, in the layout that Hugging Face's `datasets` reads, written as they come.

FOLDER/README.md                            the card: what was dropped, and why
FOLDER/data/train-00000-of-00001.parquet    to learn from, in parts
FOLDER/data/test-00000-of-00001.parquet     held out
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from elmjax.commits.triple import Triple

SPLITS = ("train", "test")
ROWS_PER_GROUP = 1000  # held in memory
GROUPS_PER_FILE = 100

_SCHEMA = pa.schema([(field.name, pa.string()) for field in fields(Triple)])


class TriplesFolder:
    """A folder of triples that appears once it is whole; a context manager.

    Args:
        folder: Where to; its parent is created.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._scratch = tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-")
        self._whole = Path(self._scratch.name) / "whole"
        (self._whole / "data").mkdir(parents=True)
        self._parts = {split: _Parts(self._whole / "data", split) for split in SPLITS}

    def add(self, split: str, triple: Triple) -> None:
        """Adds a triple to a split."""
        self._parts[split].add(triple)

    def finish(self, card: str) -> None:
        """Puts the folder in its place."""
        for parts in self._parts.values():
            parts.finish()
        (self._whole / "README.md").write_text(card, encoding="utf-8")
        os.replace(self._whole, self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for parts in self._parts.values():
            parts.close()
        self._scratch.cleanup()


class _Parts:
    """The files of one split."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder, self._split = folder, split
        self._rows: list[dict[str, str]] = []
        self._groups = self._files = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, triple: Triple) -> None:
        self._rows.append(asdict(triple))
        if len(self._rows) == ROWS_PER_GROUP:
            self._flush()

    def finish(self) -> None:
        """Writes what is left, and names the files by their number; none for an empty split."""
        if self._rows:
            self._flush()
        self.close()
        for part in range(self._files):
            name = f"{self._split}-{part:05d}-of-{self._files:05d}.parquet"
            self._path(part).rename(self._folder / name)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _flush(self) -> None:
        if self._groups % GROUPS_PER_FILE == 0:
            self.close()
            self._writer = pq.ParquetWriter(self._path(self._files), _SCHEMA, compression="zstd")
            self._files += 1
        assert self._writer is not None
        self._writer.write_table(pa.Table.from_pylist(self._rows, _SCHEMA))
        self._rows.clear()
        self._groups += 1

    def _path(self, part: int) -> Path:
        return self._folder / f"{self._split}-{part:05d}.unfinished"


def read_triples(folder: Path, split: str) -> Iterator[Triple]:
    """The triples of a split, in order.

    Raises:
        ValueError: the folder holds no triples.
    """
    for path in sorted((folder / "data").glob(f"{split}-*-of-*.parquet")):
        with pq.ParquetFile(path) as file:
            if not set(_SCHEMA.names) <= set(file.schema_arrow.names):
                raise ValueError(f"{path}: got columns {file.schema_arrow.names}, wanted triples")
            for batch in file.iter_batches(ROWS_PER_GROUP, columns=_SCHEMA.names):
                yield from (Triple(**row) for row in batch.to_pylist())
