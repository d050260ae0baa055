"""The file in which an experiment keeps what it has measured, so that nothing is measured twice.

RUN/results.json holds what was measured under which circumstances: rows of plain data. A row has a
condition, which is everything that decides it, and values.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elmjax.bench.machine import describe_machine, machine_slug, source_commit
from elmjax.config import ConfigError
from elmjax.files import write_whole

FILE = "results.json"

Row = dict[str, Any]  # {"condition": {...}, "values": {...}}


class Results:
    """The rows of one experiment, in memory and in its file."""

    def __init__(self, folder: Path, experiment: str, rows: list[Row]) -> None:
        self.folder = folder
        self.experiment = experiment
        self.rows = rows

    @classmethod
    def open(cls, folder: Path, experiment: str) -> "Results":
        """Creates the folder, or reads what it holds.

        Raises:
            ConfigError: The folder holds something else.
        """
        path = folder / FILE
        if path.is_file():
            return cls(folder, experiment, _read(path, experiment))
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigError(f"--run: {folder} holds no experiment; give another folder")
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, experiment, [])

    def recall(self, condition: Mapping[str, Any]) -> dict[str, Any] | None:
        """The values measured under a condition; None where there are none.

        Rows stand in the order in which they were last asked for, so that a summary can tell the
        conditions of today from those of an earlier plan.
        """
        wanted = _plain(condition)
        for row in self.rows:
            if row["condition"] == wanted:
                self.rows.remove(row)
                self.rows.append(row)
                return row["values"]
        return None

    def keep(self, condition: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """Adds a row and writes the file; returns the values as they are read back."""
        self.rows.append({"condition": _plain(condition), "values": _plain(values)})
        self.write()
        return self.rows[-1]["values"]

    def write(self) -> None:
        """Writes the file, whole or not at all."""
        content = {"experiment": self.experiment, "rows": self.rows}
        write_whole(self.folder / FILE, json.dumps(content, indent=1, allow_nan=False) + "\n")


@contextmanager
def circumstances() -> Iterator[dict[str, Any]]:
    """Fills in, at the end of a block, how long it took, s, and when, where and by which code."""
    started, found = time.monotonic(), dict[str, Any]()
    yield found
    found |= {
        "seconds": round(time.monotonic() - started, 2),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine_slug(describe_machine()),
        "commit": source_commit(),
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON gives it back: tuples are lists, keys are strings."""
    return json.loads(json.dumps(values, allow_nan=False))


def _read(path: Path, experiment: str) -> list[Row]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found, rows = content["experiment"], content["rows"]
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"--run: {path} holds no results of an experiment") from None
    if found != experiment:
        raise ConfigError(f"--run: {path} holds results of {found!r}, wanted {experiment!r}")
    return rows
