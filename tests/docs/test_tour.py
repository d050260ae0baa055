"""The path of a new user, from walker to own terrain, as docs/tour.md tells it."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.shown import ROOT, commands

SCRIPT = ROOT / "docs" / "tour.sh"
MADE = ("walker.gif", "ditches.png", "best.gif", "runs/ditches/report.html")
INSTALLING = ("make", "source")


def words_of(command: str) -> list[str]:
    """Without what the script adds to make it small, or takes from a variable."""
    return [word for word in shlex.split(command) if not word.startswith("${")]


def test_the_script_has_the_commands_of_the_page_in_their_order() -> None:
    page = (ROOT / "docs" / "tour.md").read_text()
    shown = [command.text for command in commands(page, "tour") if command.in_block]
    shown = [command for command in shown if command.split()[0] not in INSTALLING]
    script = SCRIPT.read_text().replace("\\\n", "").replace('"${sample[@]}"', "-n 8")
    run = [line for line in script.splitlines() if line.startswith("elmjax")]
    assert [words_of(command) for command in run] == [words_of(command) for command in shown]


@pytest.mark.slow
def test_the_tour_reaches_its_end(tmp_path) -> None:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    program = binaries / "elmjax"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m elmjax.cli "$@"\n')
    program.chmod(0o755)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": paths,
    }
    folder = tmp_path / "tour"
    ended = subprocess.run(
        [str(SCRIPT), str(folder), "small"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert [name for name in MADE if (folder / name).stat().st_size == 0] == []
    assert "distance" in ended.stdout  # of the walker that the page shows
    inventor: Path = folder / "runs" / "inventor"
    assert (inventor / "config.toml").is_file()
