"""Runs in three dimensions: a fourth measure, planar distance, and all that is read of a run."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from elmjax import cli
from elmjax.config import ConfigError, GridConfig, Physics, load
from elmjax.evaluate import Evaluator
from elmjax.programs import SEEDS, SPATIAL_SEEDS, Limits, ProgramPool
from elmjax.qd import Grid, History, Tessellation
from elmjax.stages import evolve, pipeline
from elmjax.stages.evolve import open_found
from elmjax.stages.histories import check_alike, find_sources
from elmjax.stages.niches import make_grid
from elmjax.stages.render import render
from elmjax.stages.run import Run, check_terrains
from elmjax.stages.showcase import collection
from elmjax.stages.verify import verify
from physics.terrain import make_polylines
from physics.world import World

FOUR = GridConfig(lower=(0.0, 0.0, 0.0, 0.0), upper=(16.0, 16.0, 240.0, 16.0), bins=(4, 4, 4, 8))


@pytest.fixture(scope="module")
def spatial_config(small_config):
    section = dataclasses.replace(
        small_config.evolve,
        operators=("tree",),
        seed_programs=("cube", "square"),
        terrain="relief",
        iterations=4,
    )
    return dataclasses.replace(
        small_config, evolve=section, physics=Physics(dim=3, distance="planar"), grid=FOUR
    )


@pytest.fixture(scope="module")
def finished(spatial_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "space"
    with Run.open(folder, spatial_config) as run:
        evolve.evolve(run, "tree")
    return folder


def test_niches_are_of_four_measures_and_the_history_has_a_depth(finished) -> None:
    found = open_found(Run.read(finished), "tree")
    assert found.archive.grid.names == ("height", "width", "mass", "depth")
    rows = found.history.frame()
    walked = rows[rows["outcome"] == "ok"]
    measures = walked[["height", "width", "mass", "depth"]].to_numpy()
    np.testing.assert_array_equal(walked["cell"], found.archive.grid.cell_of(measures)[0])
    assert rows["depth"].iloc[0] == 6.0
    assert rows["depth"].iloc[1] == 0.0
    assert walked["depth"].nunique() > 2
    planar = walked["fitness"] - walked["displacement"].abs()
    assert (planar > -1e-6).all()
    assert (planar > 1e-4).any()


def test_a_run_holds_what_it_says(finished) -> None:
    checked = verify(finished)
    assert not checked.differences


def test_a_run_that_is_stopped_goes_on_as_if_it_had_not_been(
    finished, spatial_config, stopping, tmp_path
) -> None:
    with Run.open(tmp_path / "run", spatial_config) as run, stopping(evolve, "_iterate", 3):
        evolve.evolve(run, "tree")
    with Run.open(tmp_path / "run", spatial_config) as run:
        evolve.evolve(run, "tree")
    whole, resumed = (
        History.open(folder / "evolve-tree" / "history").frame()
        for folder in (finished, tmp_path / "run")
    )
    pd.testing.assert_frame_equal(whole, resumed)


def test_walkers_are_drawn_and_the_page_has_them(finished, tmp_path) -> None:
    content = collection._collect(Run.read(finished))
    (archive,) = content["archives"]
    assert [measure["name"] for measure in archive["measures"]][-1] == "depth"
    assert len(archive["elites"][0]["bins"]) == 4
    assert "relief" in content["terrains"]
    render(f"{finished}#best", tmp_path / "best.png", load(), terrain=None, count=1)
    assert (tmp_path / "best.png").stat().st_size > 5000


def test_stage_2_reads_the_depth_and_refuses_runs_of_another_space(finished, small_config) -> None:
    (source,) = find_sources([finished])
    assert "depth" in source.admissions()
    plane = dataclasses.replace(source.config, physics=Physics())
    with pytest.raises(ConfigError, match=r"has another physics\.dim"):
        check_alike([source], plane, "mine")


def test_a_fourth_range_is_of_depth_and_wants_three_dimensions() -> None:
    four = [("grid.lower", "[0, 0, 0, 0]"), ("grid.upper", "[9, 9, 9, 9]"), ("physics.dim", "3")]
    grid = make_grid(load(None, [*four, ("grid.bins", "[2, 3, 4, 5]")]))
    assert isinstance(grid, Grid)
    assert (grid.cells, grid.labels[-1]) == (120, "depth [m]")
    with pytest.raises(ConfigError, match=r"grid\.bins has 3 entries; wanted 4"):
        make_grid(load(None, four))
    with pytest.raises(ConfigError, match=r"the fourth is of depth.*physics.dim = 3"):
        make_grid(load(None, [*four[:2], ("grid.bins", "[2, 3, 4, 5]")]))
    with pytest.raises(ConfigError, match="wanted 3 or 4 numbers"):
        load(None, [("grid.lower", "[0, 0]")])
    around = make_grid(load(None, [*four, ("grid.centroids", "30")]))
    assert isinstance(around, Tessellation)
    assert around.centroids.shape == (30, 4)


def test_one_line_makes_any_configuration_three_dimensional() -> None:
    config = load(None, [("physics.dim", "3")])
    assert make_grid(config).names == ("height", "width", "mass")
    check_terrains(config, ["relief", "tunnel"])
    with pytest.raises(ConfigError, match="relief"):
        check_terrains(load(), ["relief"])
    with pytest.raises(ConfigError, match="dim: got 4, wanted 2 or 3"):
        load(None, [("physics.dim", "4")])


def test_the_shipped_configuration_runs_as_it_says() -> None:
    config = load("quickstart3d")
    assert config.physics.dim == 3
    assert make_grid(config).names[-1] == "depth"
    check_terrains(config, config.conditional.terrains)


def test_backends_of_the_plane_are_refused_in_one_line(tmp_path, capsys) -> None:
    program = tmp_path / "cube.py"
    program.write_text(SPATIAL_SEEDS["cube"])
    words = ["simulate", str(program), "--physics.dim", "3", "--physics.backend", "native"]
    assert cli.main(words) == 2
    assert "which knows two dimensions" in capsys.readouterr().err


def test_a_seed_of_space_says_what_it_wants_in_the_plane(small_config, tmp_path) -> None:
    section = dataclasses.replace(
        small_config.evolve, operators=("tree",), seed_programs=("cube",), terrain="flat"
    )
    with (
        Run.open(tmp_path / "run", dataclasses.replace(small_config, evolve=section)) as run,
        pytest.raises(ConfigError, match=r"cube is runtime .*set physics\.dim = 3"),
    ):
        evolve.evolve(run, "tree")


def test_planar_distance_is_that_of_the_level_and_forward_that_along_x() -> None:
    settings = {"world": World(), "seconds": 2.0}
    terrains = {"flat": make_polylines("flat")}
    with ProgramPool(workers=1, limits=Limits(dim=3)) as pool:
        texts = [SPATIAL_SEEDS["cube"], SEEDS["square"]]
        forward = Evaluator(pool, terrains, **settings).evaluate(texts, "flat")
        planar = Evaluator(pool, terrains, distance="planar", **settings).evaluate(texts, "flat")
    assert forward[0].fitness == pytest.approx(abs(forward[0].displacement))
    assert planar[0].fitness > forward[0].fitness + 1e-3
    # What has no depth goes nowhere in it.
    assert planar[1].fitness == pytest.approx(forward[1].fitness)


@pytest.mark.slow
def test_all_stages_run_in_three_dimensions(spatial_config, tmp_path) -> None:
    summary = pipeline.run_all(tmp_path / "run", spatial_config)
    assert set(summary) == {"evolve", "finetune", "conditional"}
    samples = pd.read_parquet(tmp_path / "run" / "finetune" / "samples.parquet")
    assert "depth" in samples
