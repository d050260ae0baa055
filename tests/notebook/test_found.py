"""What a notebook reads of a run is what the stages wrote."""

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import elmjax
from elmjax.cli import main
from elmjax.config import ConfigError
from elmjax.stages.evolve import open_found


def test_importing_elmjax_imports_nothing_heavy() -> None:
    program = "import sys, elmjax; print(sorted({'jax', 'numpy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = elmjax.laod
    assert {"load", "walker", "terrain"} <= set(dir(elmjax))


def test_the_archive_is_that_of_the_checkpoint(run, search_run) -> None:
    found = open_found(search_run, "tree").archive
    for name, array in found.state().items():
        np.testing.assert_array_equal(run.archive.elites.state()[name], array)


def test_the_history_is_whole(run) -> None:
    assert run.history["id"].tolist() == list(range(1 + 4 * 16))
    assert list(run.searches) == ["tree"]


def test_metrics_and_summaries_are_the_runs(run) -> None:
    assert run.metrics["step"].tolist() == [0, 1, 2, 3]
    assert run.summaries["evolve-tree"]["niches"] == len(run.archive)


def test_the_best_is_the_farthest_of_all_elites_on_the_terrain(run) -> None:
    assert run.best().walk().distance == pytest.approx(run.archive.metrics.best)
    wall = [walker.walk("left_wall").distance for walker in run.archive]
    best = run.best("left_wall")
    assert best.terrain == "left_wall"
    assert best.walk().distance == np.nanmax(wall)


def test_what_stage_3_wrote_is_among_the_candidates(run_folder, run, tmp_path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    (folder / "conditional").mkdir()
    # It walks on the terrain, and is the only program that does something there.
    rows = {"terrain": ["flat", "flat"], "outcome": ["ok", "syntax"], "time": "after"}
    program = run.best("flat").program
    pd.DataFrame(rows | {"program": [program, "x ="], "reward": 1.0}).to_parquet(
        folder / "conditional" / "samples.parquet"
    )
    again = elmjax.load(folder)
    assert again.inventions["program"].tolist() == [program, "x ="]
    assert again.best("flat").walk() == run.best("flat").walk()
    shutil.rmtree(folder / "evolve-tree")
    alone = elmjax.load(folder).best("flat")
    assert (alone.name, alone.program) == ("written for flat", program)


def test_a_run_that_goes_on_is_read_as_far_as_it_is(run_folder, run, tmp_path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    shutil.rmtree(folder / "evolve-tree" / "checkpoints")
    (folder / "evolve-tree" / "summary.json").unlink()
    assert len(elmjax.load(folder).archive) == len(run.archive)


def test_a_run_without_programs_says_so(run_folder, tmp_path) -> None:
    shutil.copy(run_folder / "config.toml", tmp_path)
    empty = elmjax.load(tmp_path)
    for ask in (lambda: empty.archive, lambda: empty.history):
        with pytest.raises(LookupError, match="no program yet"):
            ask()
    with pytest.raises(LookupError, match="holds no walker yet"):
        empty.best()
    with pytest.raises(LookupError, match="stage 3 is not finished"):
        _ = empty.inventions


def test_a_folder_that_is_no_run_names_the_nearest(run_folder, capsys) -> None:
    mistyped = run_folder.parent / "fuond"
    with pytest.raises(ConfigError, match=rf"holds no run; .*\(nearest: {run_folder}\)"):
        elmjax.load(mistyped)
    with pytest.raises(ConfigError, match=rf"nearest: {run_folder}"):
        elmjax.load(run_folder.parent)  # the folder that holds runs
    with pytest.raises(ConfigError, match="is a file, wanted the folder of a run"):
        elmjax.load(run_folder / "config.toml")
    assert main(["report", str(mistyped)]) == 2
    assert f"nearest: {run_folder}" in capsys.readouterr().err


def test_a_run_tells_itself_in_a_line(run) -> None:
    assert f"tree <archive: {len(run.archive)} of 1,728 niches" in repr(run)
