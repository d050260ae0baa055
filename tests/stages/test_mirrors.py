import dataclasses
import sys

import pytest

from elmjax.config import Config, ConfigError, Metrics
from elmjax.stages.run import Run


@pytest.mark.parametrize(
    ("metrics", "module", "extra"),
    [
        (Metrics(tensorboard=True), "tensorboard.summary", "tensorboard"),
        (Metrics(wandb="project"), "wandb", "wandb"),
    ],
)
def test_nothing_is_written_where_a_package_is_missing(
    metrics, module, extra, tmp_path, monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    config = dataclasses.replace(Config(), metrics=metrics)
    with pytest.raises(ConfigError, match=rf"pip install 'elmjax\[{extra}\]'"):
        Run.open(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


def test_a_run_may_go_on_with_other_mirrors(tmp_path) -> None:
    pytest.importorskip("tensorboard")
    with Run.open(tmp_path / "run", Config()) as run:
        run.metrics.write("evolve", 0, {"best": 1.0})
    shown = dataclasses.replace(Config(), metrics=Metrics(tensorboard=True))
    with Run.open(tmp_path / "run", shown) as run:
        run.metrics.write("evolve", 1, {"best": 2.0})
    assert len(list((tmp_path / "run" / "tensorboard").glob("events*"))) == 1
    with pytest.raises(ConfigError, match="of another configuration"):
        Run.open(tmp_path / "run", dataclasses.replace(shown, seed=1))
