import io
import itertools
import json

import numpy as np
import pytest
from rich.console import Console

import elmjax
from elmjax.cli import main
from elmjax.config import ConfigError
from elmjax.notebook import ProgramError
from elmjax.programs import SEEDS, Verdict

HOSTILE = '"""</pre><script>alert(1)</script>"""\n'


@pytest.fixture
def square():
    return elmjax.walker(SEEDS["square"])


def test_it_walks_as_the_command_says(square, tmp_path, capsys) -> None:
    path = tmp_path / "square.py"
    path.write_text(square.program)
    command = ["simulate", str(path), "--terrain", "hills", "--seconds", "2", "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    walked = square.walk("hills", seconds=2)
    assert (walked.distance, walked.displacement) == (told["distance"], told["displacement"])
    assert (walked.verdict, walked.terrain) == (Verdict.OK, "hills")


def test_it_walks_on_a_terrain_of_ones_own(square) -> None:
    level = elmjax.terrain([[-200, 0], [200, 0]])
    wall = elmjax.terrain([[-200, 0], [12, 0], [12, 30]])
    free = square.walk(level, seconds=1)
    assert free.distance == square.walk("flat", seconds=1).distance
    inside = elmjax.terrain([[-200, 0], [3, 0], [3, 30]])
    assert square.walk(inside, seconds=1).verdict is Verdict.NO_ROOM
    assert square.walk(wall, seconds=1).verdict is Verdict.OK


def test_distances_are_those_of_the_terrains(square) -> None:
    both = square.distances(["flat", "tunnel"])
    assert both["flat"] == square.walk().distance
    assert list(both.index) == ["flat", "tunnel"]


def test_a_program_that_builds_nothing_says_why() -> None:
    nothing = elmjax.walker("x = 3")
    assert nothing.walk().verdict is Verdict.NO_ENTRY
    assert np.isnan(nothing.walk().distance)
    with pytest.raises(ProgramError, match="walker: no_entry: no function make_walker"):
        nothing.show()
    assert "1 lines" in repr(nothing)


def test_wrong_arguments_are_refused_in_a_line(square, tmp_path) -> None:
    with pytest.raises(TypeError, match="got PosixPath, wanted the text of a program"):
        elmjax.walker(tmp_path)
    with pytest.raises(ConfigError, match="did you mean 'tunnel'"):
        square.walk("tunel")
    with pytest.raises(ConfigError, match="nearest: quickstart"):
        elmjax.walker("x = 3", config="quickstrat")


def test_ancestry_leads_from_the_seed_to_the_walker(run) -> None:
    ids = run.history.set_index("id")["parent"]
    walker = max(run.archive, key=lambda each: len(each.ancestry()))
    line = walker.ancestry()
    assert len(line) > 1
    assert line[0].program == SEEDS["square"]
    assert line[-1].program == walker.program
    for parent, child in itertools.pairwise(line):
        assert ids[child.record.id] == parent.record.id
    assert walker.diff.startswith("--- a/walker.py")
    assert elmjax.walker("x = 3").ancestry()[0].program == "x = 3"


def test_it_shows_itself_without_markup_of_its_program() -> None:
    walker = elmjax.walker(HOSTILE + SEEDS["square"])
    assert "<script" not in walker._repr_html_()
    assert "&lt;script&gt;" in walker._repr_html_()
    console = Console(file=io.StringIO(), width=100)
    console.print(walker)
    text = console.file.getvalue()
    assert "def make_walker" in text
    assert any(0x2800 < ord(letter) < 0x2900 for letter in text)
