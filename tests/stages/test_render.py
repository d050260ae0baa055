import dataclasses

import numpy as np
import pytest
from PIL import Image

from elmjax.cli import main
from elmjax.config import ConfigError
from elmjax.programs import SEEDS
from elmjax.stages import pipeline, render
from elmjax.stages.evolve import open_found
from elmjax.stages.run import Run


@pytest.fixture(scope="module")
def run_folder(small_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "drawn"
    search = dataclasses.replace(small_config.evolve, operators=("tree",))
    with pipeline.open_run(folder, dataclasses.replace(small_config, evolve=search)) as run:
        pipeline.stage_1(run)
    return folder


@pytest.fixture(scope="module")
def archive(run_folder):
    shown = render.find(f"{run_folder}#best", None, 1)
    with Run.open(run_folder, shown.config) as run:
        return open_found(run, "tree")


def test_the_best_is_the_best(run_folder, archive) -> None:
    shown = render.find(f"{run_folder}#tree:best", None, 1)
    best = np.nanargmax(archive.archive.objective)
    assert shown.names == [f"niche {best}"]
    assert shown.programs == [archive.history.program(int(archive.archive.elite[best]))]
    assert shown.terrain == "rough1"


def test_a_niche_is_named_by_its_number_or_its_bins(run_folder, archive) -> None:
    cell = int(np.flatnonzero(archive.archive.occupied)[-1])
    bins = ",".join(map(str, np.unravel_index(cell, archive.archive.grid.bins)))
    assert render.find(f"{run_folder}#{cell}", None, 1) == render.find(
        f"{run_folder}#{bins}", None, 1
    )


def test_a_run_is_a_sheet_of_its_best(run_folder, archive) -> None:
    objective = archive.archive.objective
    shown = render.find(str(run_folder), None, 3)
    wanted = np.argsort(-objective[archive.archive.occupied], kind="stable")[:3]
    cells = np.flatnonzero(archive.archive.occupied)[wanted]
    assert shown.names == [f"niche {cell}" for cell in cells]


@pytest.mark.parametrize(
    ("niche", "said"),
    [
        ("#0", "niche 0 is empty"),
        ("#1728", "got the niche '1728', wanted best, a number from 0 to 1727"),
        ("#1,2", "got the niche '1,2'"),
        ("#1,2,12", "got the niche '1,2,12'"),
        ("#diff:best", "got the operator 'diff', wanted one of tree"),
        ("n#best", r"drawnn holds no run; .*nearest: .*drawn\)"),
    ],
)
def test_what_is_not_there_is_refused(run_folder, niche, said) -> None:
    with pytest.raises(ConfigError, match=said):
        render.find(f"{run_folder}{niche}", None, 1)


def test_a_program_is_drawn_and_filmed(tmp_path, capsys) -> None:
    program = tmp_path / "square.py"
    program.write_text(SEEDS["square"])
    for name in ("walk.png", "walk.svg", "walk.gif"):
        command = ["render", str(program), "-o", str(tmp_path / name), "--seconds", "0.5"]
        assert main(command) == 0
    with Image.open(tmp_path / "walk.gif") as film:
        assert film.n_frames == 11  # twenty a second
    assert (tmp_path / "walk.svg").read_text().startswith("<?xml")
    capsys.readouterr()
    assert main(["render", str(program), "-o", str(tmp_path / "walk.bmp")]) == 2
    assert "wanted a file in .png, .svg, .gif, .mp4" in capsys.readouterr().err
    program.write_text("def make_walker():\n    return 1\n")
    assert main(["render", str(program), "-o", str(tmp_path / "none.png")]) == 2
    assert "square.py builds no walker" in capsys.readouterr().err
