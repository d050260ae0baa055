"""A stand-in for gcloud that records what it is asked and keeps what was created."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "tpu"

# Disk and queued resource are files; a resource that was created is active at the next look.
STAND_IN = """#!/usr/bin/env bash
cd "$CLOUD" || exit 1
printf '%s\\037' "$@" >>calls
printf '\\036' >>calls
case "$*" in
  *" list "*) test ! -e broken || exit 1 ;;&
  *"disks list"*) cat disk 2>/dev/null ;;
  *"queued-resources list"*) cat resource 2>/dev/null ;;
  *"disks create"*) echo elmjax >disk ;;
  *"queued-resources create"*) test ! -e resource && echo ACTIVE >resource || exit 1 ;;
  *"disks delete"*) rm disk ;;
  *"queued-resources delete"*) rm resource ;;
esac
exit 0
"""


class Cloud:
    """A folder that stands for the cloud."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "CLOUD": str(folder),
            "ZONE": "us-central1-a",
            "PROJECT": "mine",
            "POLL": "0",
        }
        (folder / "bin").mkdir()
        (folder / "bin" / "gcloud").write_text(STAND_IN)
        (folder / "bin" / "gcloud").chmod(0o755)

    def calls(self) -> list[list[str]]:
        """What gcloud was called with so far."""
        path = self.folder / "calls"
        text = path.read_text() if path.exists() else ""
        return [call.split("\037")[:-1] for call in text.split("\036")[:-1]]

    def changes(self) -> list[str]:
        """The calls that do not merely ask: what is changed and how."""
        calls = [call[1:] for call in self.calls() if "list" not in call]
        return [" ".join(call[1:3] if call[0] == "tpus" else call[:2]) for call in calls]

    def resource(self, state: str) -> None:
        """Puts the queued resource into a state."""
        (self.folder / "resource").write_text(state + "\n")


@pytest.fixture
def cloud(tmp_path) -> Cloud:
    """A cloud without anything in it."""
    return Cloud(tmp_path)


@pytest.fixture
def script(cloud) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script of `tpu/` by name, with arguments and settings."""

    def run(name: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPTS / f"{name}.sh", *arguments],
            env={**cloud.environment, **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )

    return run
