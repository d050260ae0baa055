import json

import pytest

from elmjax import config as configuration
from elmjax.config import Config, ConfigError
from elmjax.experiments.bugs import study as module
from elmjax.experiments.bugs.node_mutation import NodeMutation
from elmjax.experiments.bugs.study import Plan, study


def plan(**changes) -> Plan:
    values = {
        "operators": ("gp",),
        "tasks": ("quadratic",),
        "trials": 4,
        "gp_trials": 3000,
        "rate": 0.15,
        "repeats": 2,
    }
    return Plan(**(values | changes))


@pytest.fixture
def attempts(monkeypatch):
    """The problems that were tried, in order, with their seeds."""
    tried = []
    attempt = NodeMutation.attempt

    def counted(self, problem, trials, seed):
        tried.append((problem.name, seed))
        yield from attempt(self, problem, trials, seed)

    monkeypatch.setattr(NodeMutation, "attempt", counted)
    return tried


def rows(folder):
    return json.loads((folder / "results.json").read_text())["rows"]


def outcomes(folder):
    return {json.dumps(row["condition"]): row["values"]["outcomes"] for row in rows(folder)}


def test_every_condition_is_measured_once_with_a_seed_of_its_own(tmp_path, attempts) -> None:
    study(tmp_path, plan(), Config())
    assert [name for name, _ in attempts] == ["quadratic-1", "quadratic-2"] * 2
    assert len({seed for _, seed in attempts}) == 4
    study(tmp_path, plan(), Config())
    assert len(attempts) == 4
    study(tmp_path, plan(repeats=3), Config())
    assert len(attempts) == 6
    assert [sum(counts.values()) for counts in outcomes(tmp_path).values()] == [3000] * 6


def test_a_study_that_was_stopped_goes_on_where_it_was(tmp_path, monkeypatch) -> None:
    study(tmp_path / "whole", plan(), Config())
    keep, kept = module.Results.keep, []

    def stop(self, condition, values):
        if len(kept) == 3:
            raise KeyboardInterrupt
        kept.append(condition)
        return keep(self, condition, values)

    monkeypatch.setattr(module.Results, "keep", stop)
    with pytest.raises(KeyboardInterrupt):
        study(tmp_path / "stopped", plan(), Config())
    assert len(rows(tmp_path / "stopped")) == 3
    monkeypatch.setattr(module.Results, "keep", keep)
    study(tmp_path / "stopped", plan(), Config())
    assert outcomes(tmp_path / "stopped") == outcomes(tmp_path / "whole")


def test_rates_are_tuned_where_none_is_given_and_kept(tmp_path, sum_task, monkeypatch) -> None:
    monkeypatch.setitem(module.TASKS, "sum", sum_task)
    monkeypatch.setattr(module.summary, "write", lambda _: None)  # nothing is published of it
    sums = plan(tasks=("sum",), rate=None, repeats=1)
    study(tmp_path, sums, Config())
    tuned, *trials = rows(tmp_path)
    assert tuned["condition"] == {"tuned": "gp", "task": "sum"}
    assert tuned["values"]["right_trees"] == 2
    rates = [row["condition"]["rate"] for row in trials]
    assert rates == [tuned["values"]["rates"][f"sum-{bugs}"] for bugs in (1, 2)]
    monkeypatch.setattr(module.exhaustive, "right_trees", None)  # counting again would fail
    study(tmp_path, sums, Config())
    assert len(rows(tmp_path)) == 3


def test_table_and_plot_stand_beside_the_results(tmp_path, capsys) -> None:
    study(tmp_path, plan(), Config())
    assert (tmp_path / "success.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "table.md").read_text()
    assert "| Quadratic, 2 bugs |" in text
    assert "GP (paper)" in text
    assert "4-Parity" not in text
    assert "Quadratic, 2 bugs" in capsys.readouterr().out


def test_a_model_that_is_not_there_is_told_before_anything_is_written(tmp_path) -> None:
    config = configuration.load(None, [("evolve.model", "missing")])
    with pytest.raises(ConfigError, match="got 'missing', wanted a folder"):
        study(tmp_path / "run", plan(operators=("gp", "diff")), config)
    assert not (tmp_path / "run").exists()
