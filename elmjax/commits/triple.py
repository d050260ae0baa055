"""A file, the message of a commit, and the diff: what a diff model learns."""

import difflib
import hashlib
from dataclasses import dataclass

from elmjax.commits.filters import Dropped, Limits, text
from elmjax.diffs import unified

CONTEXT = 3  # unchanged lines around a change, as `git diff` shows and CarperAI's models learned


@dataclass(frozen=True, kw_only=True)
class Triple:
    r"""One commit's change of one file.

    Attributes:
        repository: Name of the folder it was read from.
        commit: Its id.
        path: Of the file.
        message: What its author said of it.
        before: The file; lines end in "\n", the last one too.
        diff: Unified, from the first hunk on.
        after: The file that the diff gives.
    """

    repository: str
    commit: str
    path: str
    message: str
    before: str
    diff: str
    after: str

    def digest(self) -> bytes:
        """Equal for equal changes of equal files, wherever they were made."""
        return hashlib.blake2b(f"{self.before}\0{self.diff}".encode(), digest_size=16).digest()


def difference(before: bytes, after: bytes, limits: Limits) -> tuple[str, str, str] | Dropped:
    """Both files as text, with the diff between them."""
    old, new = _normal(before), _normal(after)
    if old is None or new is None:
        return Dropped.FILE_NOT_TEXT
    if max(len(old), len(new)) > limits.file:
        return Dropped.FILE_LARGE
    if old == new:
        return Dropped.NO_CHANGE
    lines = difflib.unified_diff(old.split("\n")[:-1], new.split("\n")[:-1], n=CONTEXT, lineterm="")
    diff = "".join(f"{line}\n" for line in list(lines)[2:])
    if len(diff) > limits.diff:
        return Dropped.DIFF_LARGE
    if unified.apply_unified(diff, old) != new:
        return Dropped.DIFF_UNREADABLE
    return old, diff, new


def _normal(content: bytes) -> str | None:
    """A file as text whose lines all end in one way; None where it is not text."""
    written = text(content)
    return None if written is None else written.replace("\r\n", "\n").removesuffix("\n") + "\n"
