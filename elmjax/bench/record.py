"""The record of a benchmark: one JSON file that says what ran, where, when, and every row."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elmjax.bench.machine import (
    describe_machine,
    describe_versions,
    machine_slug,
    source_commit,
)
from elmjax.files import write_whole

# What every record says, whatever was measured.
KEYS = ("benchmark", "date", "command", "commit", "machine", "versions", "rows")


def circumstances(benchmark: str, command: str) -> dict[str, Any]:
    """What a record says beside its results; plain data that names no path and no person."""
    return {
        "benchmark": benchmark,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "commit": source_commit(),
        "machine": describe_machine(),
        "versions": describe_versions(),
    }


def default_folder() -> Path:
    """A checkout keeps its records; anywhere else they go to one folder of their own."""
    project = Path("pyproject.toml")
    if project.is_file() and 'name = "elmjax"' in project.read_text(encoding="utf-8"):
        return Path("docs", "benchmarks", machine_slug(describe_machine()))
    return Path("bench")


def write_record(record: dict[str, Any], path: Path) -> None:
    """Writes the whole record or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(record, indent=1, allow_nan=False) + "\n")


def read_record(path: Path, keys: Sequence[str] = KEYS) -> dict[str, Any]:
    """Reads a record.

    Args:
        path: A JSON file.
        keys: What it must hold.

    Raises:
        ValueError: where the file is no JSON, or a key is missing.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    missing = [key for key in keys if not isinstance(record, dict) or key not in record]
    if missing:
        raise ValueError(f"{path}: no record of a benchmark: no {', '.join(missing)}")
    return record
