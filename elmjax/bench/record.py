"""The record of a benchmark: one JSON file that says what ran, where, when, and every row."""

import dataclasses
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elmjax.bench.machine import describe_machine, describe_versions, source_commit
from elmjax.bench.peaks import Peaks
from elmjax.bench.plan import Plan
from elmjax.bench.sweep import Row

KEYS = (
    "benchmark",
    "date",
    "command",
    "commit",
    "machine",
    "versions",
    "walk_seconds",
    "repeats",
    "peaks",
    "rows",
    "scaling",
    "comparisons",
    "peak_resident_bytes",
)


def make_record(
    plan: Plan,
    peaks: Peaks,
    *,
    rows: Sequence[Row],
    scaling: Sequence[Row],
    comparisons: Sequence[Any],
) -> dict[str, Any]:
    """Puts results and their circumstances together; plain data.

    Args:
        plan: What was asked for.
        peaks: What the device can do at best.
        rows: The sweep.
        scaling: Rows over the number of workers.
        comparisons: Instances of `elmjax.bench.comparison.Comparison`, whose module needs Box2D.
    """
    return {
        "benchmark": "physics",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": plan.command,
        "commit": source_commit(),
        "machine": describe_machine(),
        "versions": describe_versions(),
        "walk_seconds": plan.seconds,
        "repeats": plan.repeats,
        "peaks": dataclasses.asdict(peaks),
        "rows": [dataclasses.asdict(row) for row in rows],
        "scaling": [dataclasses.asdict(row) for row in scaling],
        "comparisons": [dataclasses.asdict(comparison) for comparison in comparisons],
        "peak_resident_bytes": max(row.peak_resident_bytes for row in (*rows, *scaling)),
    }


def write_record(record: dict[str, Any], path: Path) -> None:
    """Writes the whole record or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(unfinished, path)


def read_record(path: Path) -> dict[str, Any]:
    """Reads a record.

    Raises:
        ValueError: where the file is no JSON, or a key is missing.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    missing = [key for key in KEYS if not isinstance(record, dict) or key not in record]
    if missing:
        raise ValueError(f"{path}: no record of a benchmark: no {', '.join(missing)}")
    return record
