"""A dataset on disk, in the layout that Hugging Face's `datasets` reads as it stands.

FOLDER/README.md                                the card; its head says which files are which split
FOLDER/data/train-00000-of-00001.parquet        programs to learn from, in parts
FOLDER/data/test-00000-of-00001.parquet         programs held out
FOLDER/trajectories/                            prompt, completion, reward, where asked for
FOLDER/niches.csv                               programs of every niche
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

ROWS_PER_FILE = 100_000


def write_dataset(
    folder: Path, card: str, tables: Mapping[str, pd.DataFrame], niches: pd.DataFrame
) -> None:
    """Writes a dataset; the folder appears whole or not at all, and replaces one of that name.

    Args:
        folder: Where to; its parent is created.
        card: Of `write_card`.
        tables: By path and split, such as "data/train".
        niches: A row for each niche.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        whole = Path(scratch) / "whole"
        for path, table in tables.items():
            _write_parts(whole / path, table)
        niches.to_csv(whole / "niches.csv", index=False)
        (whole / "README.md").write_text(card, encoding="utf-8")
        if folder.exists():
            os.replace(folder, Path(scratch) / "replaced")
        os.replace(whole, folder)


def read_split(folder: Path, name: str) -> pd.DataFrame:
    """All programs of a split, in order.

    Raises:
        FileNotFoundError: where the folder holds no such split.
    """
    paths = sorted((folder / "data").glob(f"{name}-*.parquet"))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no split {name!r} of a dataset")
    return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)


def _write_parts(path: Path, table: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = max(1, -(-len(table) // ROWS_PER_FILE))
    for part in range(parts):
        rows = table.iloc[part * ROWS_PER_FILE : (part + 1) * ROWS_PER_FILE]
        name = f"{path.name}-{part:05d}-of-{parts:05d}.parquet"
        rows.to_parquet(path.with_name(name), index=False)
