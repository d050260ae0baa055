"""A finished run of two operators and three stages, small enough for a test."""

import dataclasses
from pathlib import Path

import pytest

import elmjax
from elmjax.stages import pipeline
from elmjax.stages.run import Run
from tests.stages.conftest import SMALL, small_config, terrain_file

__all__ = ["SMALL", "small_config", "terrain_file"]


@pytest.fixture(scope="session")
def run_folder(small_config, tmp_path_factory) -> Path:
    """Stage 1 of a run, by syntax-tree edits."""
    folder = tmp_path_factory.mktemp("runs") / "found"
    search = dataclasses.replace(small_config.evolve, operators=("tree",))
    with pipeline.open_run(folder, dataclasses.replace(small_config, evolve=search)) as run:
        pipeline.stage_1(run)
    return folder


@pytest.fixture(scope="session")
def run(run_folder):
    return elmjax.load(run_folder)


@pytest.fixture(scope="session")
def search_run(run_folder):
    """The same run as the stages read it."""
    return Run.read(run_folder)
