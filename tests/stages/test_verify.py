"""A run as it was written holds; one that somebody changed does not."""

import dataclasses
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from elmjax import cli
from elmjax.checkpoint import Checkpoints
from elmjax.config import Config, ConfigError
from elmjax.qd.history import SCHEMA
from elmjax.stages import evolve
from elmjax.stages.niches import make_archive
from elmjax.stages.run import Run
from elmjax.stages.verify import verify


@pytest.fixture(scope="module")
def finished(small_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    section = dataclasses.replace(small_config.evolve, operators=("tree",))
    with Run.open(folder, dataclasses.replace(small_config, evolve=section)) as run:
        evolve.evolve(run, "tree")
    return folder


@pytest.fixture
def copied(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    return folder


def change_row(folder, column, change) -> int:
    """Changes one number of an elite in the history; returns the elite."""
    with Checkpoints(folder / "evolve-tree" / "checkpoints") as checkpoints:
        archive = make_archive(Run.read(folder).config)
        elite = int(checkpoints.restore(archive.state()).state["elite"].max())
    for path in (folder / "evolve-tree" / "history").glob("part-*.parquet"):
        rows = pq.read_table(path).to_pylist()
        for row in rows:
            row[column] = change(row[column]) if row["id"] == elite else row[column]
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return elite


def test_a_run_as_it_was_written_holds(finished, capsys) -> None:
    checked = verify(finished)
    assert checked.differences == []
    assert (checked.searches, checked.programs) == (1, 1 + 4 * 16)
    assert checked.elites > 1
    assert cli.main(["verify", str(finished)]) == 0
    assert "all holds" in capsys.readouterr().out


def test_a_program_that_does_something_else_is_named(copied, capsys) -> None:
    elite = change_row(copied, "program", lambda _: "nothing = 3\n")
    assert f"evolve-tree: program {elite}: was ok" in "\n".join(verify(copied).differences)
    assert cli.main(["verify", str(copied)]) == 1
    assert "differences" in capsys.readouterr().out


@pytest.mark.parametrize("column", ["fitness", "displacement"])
def test_a_number_that_was_changed_is_named(copied, column) -> None:
    elite = change_row(copied, column, lambda value: value + 1e-6)
    assert f"evolve-tree: program {elite}: {column} was" in "\n".join(verify(copied).differences)


def test_an_admission_that_never_was_is_named(copied) -> None:
    elite = change_row(copied, "admitted", lambda value: not value)
    assert f"evolve-tree: history: program {elite}:" in "\n".join(verify(copied).differences)


def test_an_archive_that_the_history_does_not_give_is_named(copied) -> None:
    archive = make_archive(Run.read(copied).config)
    with Checkpoints(copied / "evolve-tree" / "checkpoints") as checkpoints:
        step, state, notes = checkpoints.restore(archive.state())
        state["objective"] = np.where(np.isnan(state["objective"]), np.nan, 1.0)
        checkpoints.save(step + 1, state, notes)
    assert verify(copied).differences == [
        "evolve-tree: checkpoint: objective is not what the history gives"
    ]


def test_a_summary_that_says_something_else_is_named(copied) -> None:
    path = copied / "evolve-tree" / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"niches": 1728}))
    assert "niches is 1728, the history gives" in verify(copied).differences[0]


def test_damage_is_named(copied) -> None:
    path = next((copied / "evolve-tree" / "history").glob("part-*"))
    path.write_bytes(path.read_bytes()[:-200])
    for data in (copied / "evolve-tree" / "checkpoints" / "4").rglob("d/*"):
        data.write_bytes(data.read_bytes()[:20])
    said = "\n".join(verify(copied).differences)
    assert path.name in said
    assert "evolve-tree/checkpoints: checkpoint 4: " in said


def test_what_is_no_run_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="holds no run"):
        verify(tmp_path)
    with Run.open(tmp_path / "run", Config()), pytest.raises(ConfigError, match="no stage 1 yet"):
        verify(tmp_path / "run")
