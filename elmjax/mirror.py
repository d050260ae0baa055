"""A run's folder, copied to a bucket while the run writes it, and fetched from there to go on.

The folder stays where it is fast and locked; a thread copies what has changed. Whatever moment the
copying ends at, what is there is a folder as a kill leaves one: files are whole when they are
copied, a checkpoint comes after the history that it counts, and what was deleted goes last.
"""

import logging
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EVERY = 30.0  # s between copies
CHECKPOINTS = "checkpoints"  # the folder of a stage's checkpoints

# In the names of files that are not written to their end: ours, the history's and Orbax's.
_UNFINISHED = (".tmp", ".temporary", ".orbax-checkpoint-tmp")

_log = logging.getLogger(__name__)

_State = tuple[int, int]  # bytes of a file, and when it was changed, ns


class MirrorError(OSError):
    """A copy that cannot be read or written."""


class Mirror:
    """The copy of one folder. One thread at a time may use it."""

    def __init__(self, folder: Path, files: Any, root: str) -> None:
        """As `open` makes it.

        Args:
            folder: That is copied.
            files: File system of fsspec.
            root: Where in it the copy stands.
        """
        self.folder = folder
        self._files = files
        self._root = root.rstrip("/")
        self._copied: dict[str, _State] | None = None  # by name; None: not looked yet

    @classmethod
    def open(cls, folder: Path, url: str) -> "Mirror":
        """Opens the copy of a folder at a URL, such as gs://bucket/run.

        Raises:
            MirrorError: where nothing here can read such a URL.
        """
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        try:
            files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise MirrorError(
                f"--mirror: got {url!r}, which cannot be read here: {error}; wanted a URL such as "
                "gs://bucket/run (pip install 'elmjax[gcs]')"
            ) from None
        if isinstance(files, LocalFileSystem):
            files.auto_mkdir = True
        return cls(folder, files, root)

    def fetch(self) -> bool:
        """Fetches the folder, where it is empty or absent and there is a copy.

        Returns:
            Whether there was anything to fetch.
        """
        if self.folder.is_dir() and any(self.folder.iterdir()):
            return False
        names = self._there()
        if not names:
            return False
        unfinished = self.folder.with_name(f"{self.folder.name}.fetching")
        shutil.rmtree(unfinished, ignore_errors=True)
        for name in names:
            place = unfinished / name
            place.parent.mkdir(parents=True, exist_ok=True)
            self._files.get_file(f"{self._root}/{name}", str(place))
        if self.folder.is_dir():
            self.folder.rmdir()
        os.replace(unfinished, self.folder)
        return True

    def push(self) -> int:
        """Copies what has changed, then deletes what is gone.

        Returns:
            Files that were copied.
        """
        if self._copied is None:
            self._copied = dict.fromkeys(self._there(), (-1, -1))
        there = _listing(self.folder)
        count = 0
        for name in sorted(there, key=_order):
            if self._copied.get(name) == there[name] or not (self.folder / name).exists():
                continue
            self._put(name)
            self._copied[name] = there[name]
            count += 1
        for name in set(self._copied) - set(_listing(self.folder)):
            self._files.rm_file(f"{self._root}/{name}")
            del self._copied[name]
        return count

    def _put(self, name: str) -> None:
        place = self.folder / name
        try:
            self._files.put_file(str(place), f"{self._root}/{name}")
        except FileNotFoundError:
            if place.exists():  # it is the bucket that is not there
                raise

    def _there(self) -> list[str]:
        """Names of the files of the copy."""
        self._files.invalidate_cache()
        prefix = f"{self._root}/"
        return [path.removeprefix(prefix) for path in self._files.find(self._root)]


@contextmanager
def mirrored(folder: Path, url: str | None, *, every: float = EVERY) -> Iterator[None]:
    """Fetches a folder first, copies it meanwhile, and once more at the end.

    Args:
        folder: Of a run.
        url: Of the copy; None: no copy.
        every: s between copies.

    Raises:
        MirrorError: where the copy cannot be read at first, or lacks something at the end.
    """
    if url is None:
        yield
        return
    mirror = Mirror.open(folder, url)
    with _told(url, "cannot be read"):
        if mirror.fetch():
            _log.warning("%s: fetched from %s", folder, url)
    try:
        with _meanwhile(mirror, url, every):
            yield
    except BaseException:
        _try(mirror, url)  # what ended the run is what is told
        raise
    with _told(url, "lacks what was written last; the same command copies it"):
        mirror.push()


@contextmanager
def _meanwhile(mirror: Mirror, url: str, every: float) -> Iterator[None]:
    """A thread copies from time to time; what fails is tried again."""
    over = threading.Event()

    def copy() -> None:
        while not over.wait(every):
            _try(mirror, url)

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _try(mirror: Mirror, url: str) -> None:
    try:
        mirror.push()
    except Exception as error:  # of whatever library reaches the bucket
        _log.warning("the copy in %s is behind: %s", url, error)


@contextmanager
def _told(url: str, what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of whatever library reaches the bucket
        words = " ".join(str(error).split()) or type(error).__name__
        raise MirrorError(f"--mirror: {url} {what} ({words})") from error


def _listing(folder: Path) -> dict[str, _State]:
    """Finished files of a folder by name."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if str(name) == "lock" or any(mark in str(name) for mark in _UNFINISHED):
            continue
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        if path.is_file():
            found[name.as_posix()] = (state.st_size, state.st_mtime_ns)
    return found


def _order(name: str) -> tuple[bool, str]:
    """Checkpoints after all that they count."""
    return CHECKPOINTS in name.split("/"), name
