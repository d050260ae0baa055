"""What is no training data, and why: every commit that is dropped is counted under one reason."""

import re
from dataclasses import dataclass
from enum import StrEnum

from elmjax.commits.history import Change, Commit


class Dropped(StrEnum):
    """The first reason for which a commit was not kept, in the order in which they are tried."""

    MERGE = "merge"
    ROOT = "root"
    NO_PYTHON = "no_python"
    SEVERAL_FILES = "several_files"
    RENAMED = "renamed"
    ADDED_OR_DELETED = "added_or_deleted"
    NOT_A_FILE = "not_a_file"
    MESSAGE_NOT_TEXT = "message_not_text"
    MESSAGE_SHORT = "message_short"
    MESSAGE_LONG = "message_long"
    MESSAGE_EMPTY = "message_empty"
    MISSING = "missing"
    FILE_LARGE = "file_large"
    FILE_NOT_TEXT = "file_not_text"
    NO_CHANGE = "no_change"
    DIFF_LARGE = "diff_large"
    DIFF_UNREADABLE = "diff_unreadable"
    DUPLICATE = "duplicate"

    @property
    def explanation(self) -> str:
        """The reason in words, for the card."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Dropped.MERGE: "several parents",
    Dropped.ROOT: "no parent: all its files are added",
    Dropped.NO_PYTHON: "no Python file changed",
    Dropped.SEVERAL_FILES: "more than one file changed",
    Dropped.RENAMED: "the file was renamed or copied",
    Dropped.ADDED_OR_DELETED: "the file was added or deleted",
    Dropped.NOT_A_FILE: "a link, or its path is not UTF-8",
    Dropped.MESSAGE_NOT_TEXT: "the message is not UTF-8",
    Dropped.MESSAGE_SHORT: "the message is too short",
    Dropped.MESSAGE_LONG: "the message is too long",
    Dropped.MESSAGE_EMPTY: 'the message says nothing, such as "wip" or "Update a.py"',
    Dropped.MISSING: "the repository lacks the content",
    Dropped.FILE_LARGE: "the file is too large",
    Dropped.FILE_NOT_TEXT: "the file is not UTF-8 text",
    Dropped.NO_CHANGE: "only ends of lines or the mode changed",
    Dropped.DIFF_LARGE: "the diff is too large",
    Dropped.DIFF_UNREADABLE: "the diff, read as a model's, does not give the file after it",
    Dropped.DUPLICATE: "the same file and diff came before",
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is too short or too long, in characters, and how much else a commit may change.

    CarperAI left out files of more than 2,048 tokens, which are about 8,000 characters.
    """

    file: int = 8192
    diff: int = 4096
    shortest_message: int = 8
    longest_message: int = 1000
    other_files: bool = False  # beside the one Python file, which the message may be about


_PYTHON = (b".py", b".pyi")
_FILE_MODES = ("100644", "100755")

# Lines that tools add below a message.
_TRAILER = re.compile(
    r"((signed-off|co-authored|reviewed|acked|tested)-by|change-id|reviewed-on|cc|git-svn-id):.*|"
    r"\(cherry picked from .*\)",
    re.IGNORECASE,
)
# What editors, web pages and haste write in the place of a message.
_EMPTY = re.compile(
    r"(wip|work in progress|tmp|temp|test|testing|stuff|misc|commit|initial commit|first commit|"
    r"checkpoint|save|(minor |small |some |more )?(updates?|updated|changes?|changed|fix(es|ed)?|"
    r"edits?|clean-?ups?|tweaks?|typos?)|(add|create|update|delete|rename) [^ ]+\.pyi?|"
    r"(automatic|auto)[- ]?(commit|save|update)|merge .*|bump (the )?version.*)\W*",
    re.IGNORECASE,
)


def changed_file(commit: Commit, limits: Limits) -> Change | Dropped:
    """The one Python file that a commit modifies."""
    if commit.parents != 1:
        return Dropped.MERGE if commit.parents else Dropped.ROOT
    python = [change for change in commit.changes if change.path.lower().endswith(_PYTHON)]
    if not python:
        return Dropped.NO_PYTHON
    if len(python if limits.other_files else commit.changes) > 1:
        return Dropped.SEVERAL_FILES
    (change,) = python
    if change.status in "RC":
        return Dropped.RENAMED
    if change.status in "AD":
        return Dropped.ADDED_OR_DELETED
    if not set(change.modes) <= set(_FILE_MODES) or text(change.path) is None:
        return Dropped.NOT_A_FILE
    return change


def message_of(commit: Commit, limits: Limits) -> str | Dropped:
    """A commit's message without what tools added to it."""
    written = text(commit.message)
    if written is None:
        return Dropped.MESSAGE_NOT_TEXT
    lines = [line.rstrip() for line in written.replace("\r\n", "\n").split("\n")]
    message = "\n".join(line for line in lines if not _TRAILER.fullmatch(line.strip())).strip()
    if len(message) < limits.shortest_message:
        return Dropped.MESSAGE_SHORT
    if len(message) > limits.longest_message:
        return Dropped.MESSAGE_LONG
    return Dropped.MESSAGE_EMPTY if _EMPTY.fullmatch(message) else message


def text(content: bytes) -> str | None:
    """Bytes as text, without the mark that some editors begin with; None where they are not."""
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None
