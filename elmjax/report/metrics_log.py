"""The metrics log: `metrics.jsonl`, one line of numbers for every step of every stage.

Lines are appended and flushed one by one, so that a run that dies loses none but the torn last.
"""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import numpy as np
import pandas as pd

from elmjax.report.mirror import KEYS, Mirror


class MetricsLog:
    """Append-only log of one run. Nothing is written before the first line.

    Args:
        path: File to append to, created with its folder if need be. A torn last line, as a
            killed run leaves behind, is removed by the first that is written.
        clock: Seconds from any origin. `seconds` on a line counts the time that logs were open,
            and goes on where an earlier run of the same folder stopped.
        mirrors: Where lines go besides; they begin at once.
        writes: Whether lines are written; else they are only read, as another process writes them.

    Raises:
        ValueError: A line before the last is not a line of a metrics log.
        MirrorError: A mirror cannot begin.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        mirrors: Sequence[Mirror] = (),
        writes: bool = True,
    ) -> None:
        self.path = Path(path)
        self._writes = writes
        lines = _read_lines(self.path)
        self._clock = clock
        self._origin = clock() - (lines[-1]["seconds"] if lines else 0.0)
        # Whoever only reads must not replace the file under a process that appends to it.
        self._file: TextIO | None = None
        self._mirrors = mirrors
        self._reflect(lines)

    def __enter__(self) -> "MetricsLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, stage: str, step: int, values: Mapping[str, Any]) -> None:
        """Appends one line.

        Args:
            stage: Name of the stage.
            step: Step of the stage, from 0.
            values: Numbers, texts, truth values or None; NaN and infinities become null.

        Raises:
            ValueError: A value cannot be written, or a name is the log's own.
        """
        line: dict[str, Any] = {
            "stage": stage,
            "step": int(step),
            "seconds": round(self._clock() - self._origin, 3),
        }
        for name, value in values.items():
            if name in KEYS:
                raise ValueError(f"metric is named {name!r}; wanted none of {KEYS}")
            line[name] = _plain(name, value)
        if not self._writes:
            return
        if self._file is None:
            self._file = self._opened(_read_lines(self.path))
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        for mirror in self._mirrors:
            mirror.add(line)

    def truncate(self, stage: str, step: int) -> None:
        """Forgets the lines of a stage from `step` on, which a resumed run writes again."""
        if not self._writes:
            return
        self._close_file()
        lines = [
            line for line in _read_lines(self.path) if line["stage"] != stage or line["step"] < step
        ]
        self._file = self._opened(lines)
        self._reflect(lines)

    def read(self, stage: str | None = None) -> pd.DataFrame:
        """All lines, or those of one stage with the columns that it uses, in order."""
        return read_metrics(self.path, stage)

    def close(self) -> None:
        """Closes the file and the mirrors; reading stays possible."""
        self._close_file()
        for mirror in self._mirrors:
            mirror.close()

    def _reflect(self, lines: list[dict[str, Any]]) -> None:
        for mirror in self._mirrors:
            mirror.restart(lines)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self, lines: list[dict[str, Any]]) -> TextIO:
        """The file, open for appending after some lines."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _rewrite(self.path, lines)
        return self.path.open("a", encoding="utf-8")


def read_metrics(path: str | Path, stage: str | None = None) -> pd.DataFrame:
    """Reads a metrics log without opening it for writing.

    Returns:
        One row a line; numbers missing from a line are NaN.

    Raises:
        ValueError: A line before the last is not a line of a metrics log.
    """
    lines = [line for line in _read_lines(Path(path)) if stage in (None, line["stage"])]
    names = dict.fromkeys(name for line in lines for name in line)
    return pd.DataFrame(lines, columns=list(names) or list(KEYS))


def _plain(name: str, value: Any) -> str | bool | int | float | None:
    """A value as JSON can hold it; scalars of numpy and jax arrays of one number are numbers."""
    if value is None or isinstance(value, str | bool | np.bool_):
        return bool(value) if isinstance(value, np.bool_) else value
    try:
        number = np.asarray(value).item()
    except (TypeError, ValueError):
        number = None
    if not isinstance(number, bool | int | float):
        raise ValueError(f"metric {name!r} is {value!r}; wanted one number, text or None")
    return number if math.isfinite(number) else None


def _read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines = []
    for number, line in enumerate(text, start=1):
        record = _parse(line)
        if record is not None:
            lines.append(record)
        elif number < len(text):
            raise ValueError(
                f"{path} line {number} is {line.strip()[:60]!r}; wanted a JSON object with "
                f"{', '.join(KEYS)}"
            )
    return lines


def _parse(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line) if line.endswith("\n") else None
    except json.JSONDecodeError:
        return None
    complete = isinstance(record, dict) and all(key in record for key in KEYS)
    return record if complete else None


def _rewrite(path: Path, lines: list[dict[str, Any]]) -> None:
    temporary = path.with_suffix(path.suffix + ".temporary")
    temporary.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    temporary.replace(path)
