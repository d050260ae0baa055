"""Commits with the files that they change, read from the stream of `git log --raw -z`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_OPENING = b"\x01"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a commit does to one file.

    Attributes:
        status: M modifies, A adds, D deletes, R renames, C copies, T changes the type.
        modes: Of the file before and after, such as "100644".
        before: Id of its content before.
        after: Id of its content after.
        path: After the commit.
    """

    status: str
    modes: tuple[str, str]
    before: str
    after: str
    path: bytes


@dataclass(kw_only=True)
class Commit:
    """A commit; its message may hold any bytes but null."""

    id: str
    parents: int
    message: bytes
    changes: list[Change] = field(default_factory=list)


def commits(tokens: Iterable[bytes]) -> Iterator[Commit]:
    """Reads commits one after the other.

    Args:
        tokens: What null bytes end in the stream. A commit is its id behind a byte 1, the ids of
            its parents, and its message; then, for each changed file, modes, ids and status after
            a colon, and one path, or two.
    """
    stream, commit = iter(tokens), None
    for token in stream:
        if token.startswith(_OPENING):
            if commit is not None:
                yield commit
            id, parents, message = token[1:], next(stream, b""), next(stream, b"")
            commit = Commit(id=id.decode("ascii"), parents=len(parents.split()), message=message)
        elif (told := token.lstrip(b"\n")).startswith(b":") and commit is not None:
            commit.changes.append(_change(told, stream))
    if commit is not None:
        yield commit


def _change(told: bytes, stream: Iterator[bytes]) -> Change:
    mode, mode_after, before, after, status = told[1:].decode("ascii").split()
    path = next(stream, b"")
    if status[0] in "RC":
        path = next(stream, b"")
    return Change(status=status[0], modes=(mode, mode_after), before=before, after=after, path=path)
