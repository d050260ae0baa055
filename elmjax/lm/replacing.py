"""Folders that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of `folder` where nothing was raised.

    Args:
        folder: Its parent is created; what stood there stays until the other is full.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        whole = Path(scratch) / "whole"
        whole.mkdir()
        yield whole
        # A folder cannot be renamed over a full one, so the older one leaves first.
        older = Path(scratch) / "replaced"
        if folder.exists():
            os.replace(folder, older)
        try:
            os.replace(whole, folder)
        except OSError:
            if older.exists():
                os.replace(older, folder)
            raise
