"""Everything that docs/extending.md shows, run in the order in which it stands there."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from elmjax.cli import main
from elmjax.programs import SEEDS

PAGE = Path(__file__).parent.parent / "docs" / "extending.md"
# A block with its language, or a line of a block of commands.
PARTS = re.compile(r"```(\w+)\n(.*?)```|^    elmjax ([^\n]*)$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def parts():
    return [match.groups() for match in PARTS.finditer(PAGE.read_text(encoding="utf-8"))]


@pytest.mark.slow
def test_the_page_runs(parts, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("walker.py").write_text(SEEDS["square"])
    commands, scripts = [], []
    for language, text, command in parts:
        if command:
            assert main([*shlex.split(command), "--seconds", "0.5"]) == 0, command
            commands.append(command.split()[0])
            continue
        name = re.match(r"# (my_\w+\.py|\w+\.toml)\n", text)
        if name:
            Path(name[1]).write_text(text)
        else:
            assert language == "python"
            exec(compile(text, str(PAGE), "exec"), {})
            scripts.append(text)
    sys.modules["my_domain"].JAIL.__exit__(None, None, None)
    assert commands == ["mutate", "evolve", "terrains", "simulate", "simulate"]
    assert len(scripts) == 2
    assert sys.modules["my_backend"].walked == [1]
    operators = {path.name for path in Path("runs/own").glob("evolve-*")}
    assert operators == {"evolve-nudge", "evolve-mixed"}
    assert "saw (like my_terrains:zigzag)  height=0.5  length=8" in capsys.readouterr().out
