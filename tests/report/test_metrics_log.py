"""The metrics log: what is written is read, resuming, torn and damaged files."""

import json

import numpy as np
import pytest

from elmjax.report import MetricsLog, read_metrics


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def write_steps(log, stage, steps):
    for step in steps:
        log.write(stage, step, {"loss": 1.0 / (step + 1)})


def test_each_line_is_on_disk_at_once(tmp_path):
    path = tmp_path / "run" / "metrics.jsonl"
    clock = Clock()
    log = MetricsLog(path, clock=clock)
    clock.now += 2.5
    log.write("evolve", 3, {"niches": 7, "operator": "diff", "done": True})
    assert json.loads(path.read_text()) == {
        "stage": "evolve",
        "step": 3,
        "seconds": 2.5,
        "niches": 7,
        "operator": "diff",
        "done": True,
    }


def test_scalars_of_arrays_are_numbers_and_nan_is_missing(tmp_path):
    with MetricsLog(tmp_path / "metrics.jsonl") as log:
        log.write(
            "train",
            np.int64(0),
            {"a": np.float32(0.5), "b": np.array(3), "c": float("nan"), "d": np.inf, "e": np.True_},
        )
    line = json.loads(log.path.read_text())
    assert (line["step"], line["a"], line["b"]) == (0, 0.5, 3)
    assert (line["c"], line["d"], line["e"]) == (None, None, True)


def test_reads_by_stage_with_that_stages_columns(tmp_path):
    with MetricsLog(tmp_path / "metrics.jsonl") as log:
        log.write("evolve", 0, {"best": 2.0})
        log.write("finetune", 0, {"loss": 1.0})
        log.write("evolve", 1, {"best": None})
    frame = log.read()
    assert frame["stage"].tolist() == ["evolve", "finetune", "evolve"]
    assert frame["loss"].isna().tolist() == [True, False, True]
    evolve = log.read("evolve")
    assert evolve.columns.tolist() == ["stage", "step", "seconds", "best"]
    assert evolve["best"].iloc[0] == 2.0
    assert np.isnan(evolve["best"].iloc[1])


def test_an_empty_log_reads_as_an_empty_frame(tmp_path):
    frame = MetricsLog(tmp_path / "metrics.jsonl").read()
    assert len(frame) == 0
    assert frame.columns.tolist() == ["stage", "step", "seconds"]


def test_truncate_forgets_later_steps_of_that_stage_alone(tmp_path):
    log = MetricsLog(tmp_path / "metrics.jsonl")
    write_steps(log, "evolve", range(5))
    write_steps(log, "finetune", range(4))
    log.truncate("evolve", 3)
    write_steps(log, "evolve", [3])
    frame = log.read()
    assert frame.loc[frame["stage"] == "evolve", "step"].tolist() == [0, 1, 2, 3]
    assert frame.loc[frame["stage"] == "finetune", "step"].tolist() == [0, 1, 2, 3]


def test_seconds_go_on_where_the_run_stopped(tmp_path):
    clock = Clock()
    with MetricsLog(tmp_path / "metrics.jsonl", clock=clock) as log:
        clock.now += 10.0
        write_steps(log, "evolve", [0])
    clock.now = 5.0  # another machine, another origin
    with MetricsLog(tmp_path / "metrics.jsonl", clock=clock) as log:
        clock.now += 1.0
        write_steps(log, "evolve", [1])
    assert log.read()["seconds"].tolist() == [10.0, 11.0]


@pytest.mark.parametrize("torn", ['{"stage": "evolve", "st', '{"stage": "evolve", "step": 2}'])
def test_a_torn_last_line_is_dropped(tmp_path, torn):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        write_steps(log, "evolve", range(2))
    path.write_text(path.read_text() + torn)
    assert len(read_metrics(path)) == 2
    with MetricsLog(path) as log:
        write_steps(log, "evolve", [2])
    assert log.read()["step"].tolist() == [0, 1, 2]


def test_damage_before_the_end_is_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        write_steps(log, "evolve", range(3))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "garbage", lines[2]]) + "\n")
    for opening in (read_metrics, MetricsLog):
        with pytest.raises(ValueError, match="line 2 is 'garbage'; wanted a JSON object"):
            opening(path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"losses": [1.0, 2.0]}, r"metric 'losses' is \[1.0, 2.0\]; wanted one number"),
        ({"state": object()}, "metric 'state' is"),
        ({"step": 3}, "metric is named 'step'"),
    ],
)
def test_values_that_cannot_be_written_are_refused(tmp_path, values, words):
    log = MetricsLog(tmp_path / "metrics.jsonl")
    with pytest.raises(ValueError, match=words):
        log.write("evolve", 0, values)
    assert len(log.read()) == 0


def test_one_that_only_reads_leaves_the_file_alone(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log, MetricsLog(path, writes=False) as other:
        for each in (log, other):
            each.write("evolve", 0, {"best": 1.0})
            each.write("evolve", 1, {"best": 2.0})
        other.truncate("evolve", 0)
        assert other.read("evolve")["best"].tolist() == [1.0, 2.0]
