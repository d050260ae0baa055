"""What the tests of faults share: the command, a run that nothing happens to, the table."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness import CONFIG, Command, Table


@pytest.fixture(scope="session")
def table() -> Iterator[Table]:
    written = Table()
    yield written
    print("\n" + written.text())
    if path := os.environ.get("ELMJAX_FAULTS_TABLE"):
        Path(path).write_text(written.text(), encoding="utf-8")


@pytest.fixture(scope="session")
def command(model_folder, tmp_path_factory) -> Command:
    folder = tmp_path_factory.mktemp("faults")
    # Others than root read these too.
    for place in (folder, folder.parent, model_folder.parent, model_folder):
        place.chmod(0o755)
    config = folder / "small.toml"
    config.write_text(CONFIG.format(model=model_folder))
    return Command(config, folder / "cache")


@pytest.fixture(scope="session")
def unbroken(command, tmp_path_factory) -> Path:
    """A run of all stages that nothing happens to."""
    folder = tmp_path_factory.mktemp("faults") / "run"
    for stage in ("pretrain", "run"):
        code, said = command.run(stage, folder)
        assert code == 0, said
    return folder
