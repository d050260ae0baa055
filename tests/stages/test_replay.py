"""What is lost, and found again, when a search of stage 1 ends at any point."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest

from elmjax.config import Config
from elmjax.qd import History
from elmjax.stages import evolve
from elmjax.stages.evolve import open_found
from elmjax.stages.run import Run

ITERATIONS = 7

VARIANTS = {
    "plain": {},
    "bandit": {
        "operators": ("bandit",),
        "mix": {"diff": 0.0, "tree": 1.0, "crossover": 1.0},
        "ahead": 2,
    },
    "parsimony": {"parsimony": 0.1, "ahead": 0},
}


def configured(small_config: Config, variant: str) -> Config:
    settings = {"operators": ("tree",), "iterations": ITERATIONS, "checkpoint_every": 3}
    section = dataclasses.replace(small_config.evolve, **settings | VARIANTS[variant])
    return dataclasses.replace(small_config, evolve=section)


@pytest.fixture(
    scope="module",
    params=[
        name if name == "plain" else pytest.param(name, marks=pytest.mark.slow) for name in VARIANTS
    ],
)
def unbroken(request, small_config, tmp_path_factory):
    config = configured(small_config, request.param)
    folder = tmp_path_factory.mktemp("runs") / request.param
    with Run.open(folder, config) as run:
        evolve.evolve(run, config.evolve.operators[0])
    return folder, config


def stopped_after(config, folder, stopping, iterations) -> None:
    with stopping(evolve, "_iterate", iterations):
        evolve.evolve(Run.open(folder, config), config.evolve.operators[0])


def assert_goes_on_alike(folder, unbroken) -> None:
    whole, config = unbroken
    operator = config.evolve.operators[0]
    with Run.open(folder, config) as run:
        evolve.evolve(run, operator)
    found, wanted = (open_found(Run.read(path), operator) for path in (folder, whole))
    pd.testing.assert_frame_equal(found.history.frame(), wanted.history.frame())
    for name, array in wanted.archive.state().items():
        np.testing.assert_array_equal(found.archive.state()[name], array)
    metrics = pd.read_json(folder / "metrics.jsonl", lines=True)
    assert metrics["step"].tolist() == list(range(ITERATIONS))


def stage(folder, config):
    return folder / evolve.stage_name(config.evolve.operators[0])


@pytest.mark.slow
@pytest.mark.parametrize("iterations", [1, 5])
def test_no_whole_iteration_is_done_again(
    unbroken, tmp_path, stopping, monkeypatch, iterations
) -> None:
    _, config = unbroken
    stopped_after(config, tmp_path, stopping, iterations)
    done, iterate = [], evolve._iterate
    monkeypatch.setattr(evolve, "_iterate", lambda *given: done.append(0) or iterate(*given))
    assert_goes_on_alike(tmp_path, unbroken)
    assert len(done) == ITERATIONS - iterations


def test_the_history_alone_is_enough(unbroken, tmp_path, stopping) -> None:
    _, config = unbroken
    stopped_after(config, tmp_path, stopping, 5)
    shutil.rmtree(stage(tmp_path, config) / "checkpoints")
    assert_goes_on_alike(tmp_path, unbroken)


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, 2, 4])
def test_a_damaged_history_costs_what_follows_the_damage(
    unbroken, tmp_path, stopping, caplog, part
) -> None:
    _, config = unbroken
    stopped_after(config, tmp_path, stopping, 5)
    path = sorted((stage(tmp_path, config) / "history").glob("part-*"))[part]
    path.write_bytes(path.read_bytes()[:100])
    assert_goes_on_alike(tmp_path, unbroken)
    assert path.name in caplog.text


@pytest.mark.slow
def test_an_iteration_that_is_not_whole_is_done_again(unbroken, tmp_path, stopping) -> None:
    _, config = unbroken
    stopped_after(config, tmp_path, stopping, 4)
    history = History.open(stage(tmp_path, config) / "history")
    history.truncate(len(history) - 3)
    assert_goes_on_alike(tmp_path, unbroken)
