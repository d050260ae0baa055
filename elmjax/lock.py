"""A folder that one process at a time may write to.

The lock is the kernel's: it goes with the process that held it, however that ended.
"""

import fcntl
import os
from pathlib import Path

# What this process holds, by folder. It may open a folder again: two of its own stages follow each
# other, and its threads know of each other.
_held: dict[Path, int] = {}


class FolderInUseError(OSError):
    """Another process writes to the folder."""


def hold(folder: Path) -> None:
    """Takes a folder for this process, until `release` or its end.

    Raises:
        FolderInUseError: another process has it.
        OSError: the folder cannot be written to.
    """
    place = folder.resolve()
    if place in _held:
        return
    file = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(file, 32).decode(errors="replace").strip()
        os.close(file)
        raise FolderInUseError(
            f"{folder}: process {owner or 'of another machine'} writes to this folder; "
            "wait for it, stop it, or give another folder"
        ) from None
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
    _held[place] = file


def release(folder: Path) -> None:
    """Gives a folder back; nothing where this process does not have it."""
    file = _held.pop(folder.resolve(), None)
    if file is not None:
        os.close(file)
