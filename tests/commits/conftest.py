"""Repositories that git makes, commit by commit."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FILE = "def walk(steps):\n    return steps\n"


class Repository:
    """A repository with some words for what tests do to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, **more: str) -> str:
        who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_CONFIG_NOSYSTEM": "1"}
        who |= {"GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@d", "HOME": "/nonexistent"}
        when = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
        return (
            subprocess.run(
                ["git", *words],
                cwd=self.folder,
                env=os.environ | who | when | more,
                check=True,
                capture_output=True,
            )
            .stdout.decode()
            .strip()
        )

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str | bytes, **files: str | bytes) -> str:
        """Commits files, whose names end in .py."""
        for name, content in files.items():
            self.write(f"{name}.py", content)
        self.git("add", "-A")
        text = self.folder.parent / "message"
        text.write_bytes(message if isinstance(message, bytes) else message.encode())
        self.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", str(text))
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def new_repository(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("needs git")
    return lambda name="repository": Repository(tmp_path / name)


@pytest.fixture
def repository(new_repository) -> Repository:
    """One with a file in its first commit."""
    made = new_repository()
    made.commit("Add the file of all tests.", a=FILE)
    return made
