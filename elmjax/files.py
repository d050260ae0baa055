"""Files that are there whole or not at all, whenever the program that writes them is stopped."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Writes a UTF-8 file, replacing one of that name."""
    unfinished = path.with_name(f"{path.name}.tmp")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)
