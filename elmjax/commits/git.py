"""Two processes of git a repository: its history as one stream, and the contents of its files.

Repositories are not trusted. git runs without the configuration of the system, hooks, filters and
pagers, may ask nobody, and fetches nothing over a network.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_BLOCK = 2**16

# Before the command, where they outweigh what the repository says.
_SETTINGS = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat"),
    *("-c", "log.showSignature=false", "-c", "log.follow=false", "-c", "diff.renameLimit=200"),
)
# Three fields, then the changed files, all ended by null bytes.
_LOG = (
    *("log", "-z", "--raw", "--no-abbrev", "--find-renames", "--no-ext-diff", "--no-textconv"),
    *("--no-color", "--no-show-signature", "--no-notes", "--encoding=UTF-8"),
    "--format=%x01%H%x00%P%x00%B",
)


class GitError(Exception):
    """A repository that git cannot read; the message is one line."""


def log(repository: Path) -> Iterator[bytes]:
    """What ends at null bytes in the history of HEAD, from the newest commit on.

    Raises:
        GitError: git says why.
    """
    with _Process(repository, *_LOG, "HEAD", "--") as git:
        rest = b""
        while block := git.output.read(_BLOCK):
            *whole, rest = (rest + block).split(b"\0")
            yield from whole
        if rest:
            yield rest
        git.finish()


def head(repository: Path) -> str:
    """The commit that a history is read from.

    Raises:
        GitError: there is no repository, or no commit in it.
    """
    with _Process(repository, "rev-parse", "--verify", "HEAD^{commit}") as git:
        said = git.output.read()
        git.finish()
    return said.decode("ascii", "replace").strip()


def count(repository: Path) -> int:
    """How many commits its history has.

    Raises:
        GitError: git says why.
    """
    with _Process(repository, "rev-list", "--count", "HEAD", "--") as git:
        said = git.output.read()
        git.finish()
    return int(said)


class Blobs:
    """Contents of files by their ids; a context manager."""

    def __init__(self, repository: Path) -> None:
        """Starts git.

        Args:
            repository: Whose files they are.
        """
        self._git = _Process(repository, "cat-file", "--batch")

    def read(self, blob: str, most: int) -> bytes | int | None:
        """The content; its size in bytes where that is more than `most`; None where it is missing.

        Raises:
            GitError: git has ended.
        """
        try:
            self._git.input.write(f"{blob}\n".encode())
            self._git.input.flush()
        except BrokenPipeError:
            self._git.finish()
        header = self._git.output.readline().split()
        if not header:
            self._git.finish()
            raise GitError("git cat-file ended early")
        if len(header) != 3:
            return None  # missing, or no single object
        size = int(header[2])
        if size <= most:
            content = self._git.output.read(size)
            self._git.output.read(1)
            return content
        rest = size + 1
        while rest > 0 and (skipped := self._git.output.read(min(rest, _BLOCK))):
            rest -= len(skipped)
        return size

    def __enter__(self) -> Self:
        self._git.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._git.__exit__(kind, error, traceback)


class _Process:
    """git at work in a repository."""

    def __init__(self, repository: Path, *words: str) -> None:
        self._repository = repository
        # A pipe that nobody reads would stop git once it is full.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        command = ["git", "--no-pager", *_SETTINGS, "-C", str(repository), *words]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env=_environment(os.environ, repository),
            )
        except FileNotFoundError:
            raise GitError("git is not installed; wanted it in the PATH") from None

    @property
    def input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def finish(self) -> None:
        """Waits for the end of what has said all.

        Raises:
            GitError: it failed.
        """
        if self._process.wait() != 0:
            self._said.seek(0)
            lines = self._said.read(2000).decode("utf-8", "replace").strip().splitlines()
            said = lines[0].removeprefix("fatal: ") if lines else "git failed"
            raise GitError(f"{self._repository}: {said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._said):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # what was not sent is not needed


def _environment(environment: Mapping[str, str], repository: Path) -> dict[str, str]:
    """The user's, without what points git elsewhere, and with what keeps it at home."""
    own = {name: value for name, value in environment.items() if not name.startswith("GIT_")}
    return own | {
        # A folder within a repository is not meant as that.
        "GIT_CEILING_DIRECTORIES": str(repository.resolve().parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # for versions that do not know the one above
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
    }
