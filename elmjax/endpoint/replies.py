"""The replies of an endpoint in a file, by question: what was paid for is never asked again.

One JSON object a line, appended as replies come. A line that a killed run left torn, or that is
damaged, is passed over, and its question asked again.
"""

import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from elmjax.endpoint.question import Answer

_FIELDS = {
    "text": str,
    "ended": bool,
    "prompt_tokens": int,
    "completion_tokens": int,
    "metered": bool,
}


class Replies:
    """Answers by the digests of their questions, in a file or, without one, in none.

    Args:
        path: Of the file, which is created with the first reply.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._places: dict[str, int] = {}  # of the lines, bytes from the start
        self._file: BinaryIO | None = None
        self.tokens = 0  # of all replies
        if path is not None and path.exists():
            self._index(path)

    def get(self, digest: str) -> Answer | None:
        """The answer to a question, None where it is not known."""
        with self._lock:
            place = self._places.get(digest)
            if place is None or self._path is None:
                return None
            with self._path.open("rb") as file:
                file.seek(place)
                found = _parse(file.readline())
        return found[1] if found is not None else None

    def add(self, digest: str, answer: Answer) -> None:
        """Keeps an answer; it is on its way to the disk when this returns."""
        with self._lock:
            self._count(answer)
            if self._path is None:
                return
            if self._file is None:
                self._file = self._opened(self._path)
            self._places[digest] = self._file.tell()
            line = json.dumps({"question": digest, **asdict(answer)})
            self._file.write(line.encode() + b"\n")
            self._file.flush()

    def spend(self, answer: Answer) -> None:
        """Counts an answer that nobody will look for."""
        with self._lock:
            self._count(answer)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _count(self, answer: Answer) -> None:
        self.tokens += answer.prompt_tokens + answer.completion_tokens

    def _index(self, path: Path) -> None:
        with path.open("rb") as file:
            place = 0
            for line in file:
                found = _parse(line)
                if found is not None:
                    digest, answer = found
                    self._places[digest] = place
                    self._count(answer)
                place += len(line)

    @staticmethod
    def _opened(path: Path) -> BinaryIO:
        """The file, open behind its last whole line."""
        file = path.open("ab")
        if file.tell() > 0:
            with path.open("rb") as written:
                written.seek(-1, 2)
                torn = written.read() != b"\n"
            if torn:
                file.write(b"\n")
        return file


def _parse(line: bytes) -> tuple[str, Answer] | None:
    """Digest and answer of a line, None where it is not one."""
    try:
        content = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("question"), str):
        return None
    given: dict[str, Any] = {name: content.get(name) for name in _FIELDS}
    if any(type(given[name]) is not kind for name, kind in _FIELDS.items()):
        return None
    return content["question"], Answer(**given)
