"""Edited programs, and the file that holds them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class EditedProgram:
    """A program and edits of it that are worth learning."""

    program: str
    edits: tuple[tuple[str, str], ...]  # message, and the edit in the text of `diffs.numbered`


def save(path: Path, corpus: Iterable[EditedProgram]) -> None:
    """Writes a corpus as Parquet, whole or not at all."""
    unfinished = path.with_suffix(".tmp")
    rows = [asdict(parent) for parent in corpus]
    pd.DataFrame(rows, columns=["program", "edits"]).to_parquet(unfinished)
    unfinished.rename(path)


def load(path: Path) -> list[EditedProgram]:
    """Reads what `save` wrote."""
    return [
        EditedProgram(program=program, edits=tuple(map(tuple, edits)))
        for program, edits in pd.read_parquet(path).itertuples(index=False)
    ]
