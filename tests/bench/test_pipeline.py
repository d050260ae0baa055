"""The command on short runs: what it shows and writes, and how it refuses."""

import pandas as pd
import pytest

from elmjax import cli
from elmjax.bench import pipeline
from elmjax.bench.record import read_record
from elmjax.config import load
from elmjax.stages.evolve import PARTS

SHORT = ["--seconds", "0.2", "--evolve.parents", "2", "--evolve.children", "2"]
SHORT += ["--evolve.operators", '["tree"]']


def test_the_command_shows_rows_and_writes_the_record(tmp_path, capsys):
    settings = [*SHORT, "--evolve.iterations", "12"]
    assert cli.main(["bench", "pipeline", *settings, "-o", str(tmp_path)]) == 0
    assert "evaluations/s" in capsys.readouterr().out
    record = read_record(tmp_path / "pipeline.json")
    assert "--evolve.iterations 12" in record["command"]
    (row,) = record["rows"]
    assert (row["operator"], row["seed_programs"]) == ("tree", ["square"])
    assert row["evaluations"] == 1 + 12 * 4
    low, high = row["quartiles"]
    assert 0 < low <= row["evaluations_per_second"] <= high
    assert set(row["busy"]) == set(PARTS)
    assert len(row["window_seconds"]) == pipeline.WINDOWS


def test_rates_are_those_of_the_windows_after_the_first():
    config = load(None, [("evolve.parents", "2"), ("evolve.children", "3")])
    # The first iteration compiles; then come ten windows of a second or two.
    seconds = [100.0, *[1.0] * 5, *[2.0] * 5]
    log = pd.DataFrame({"iteration_seconds": seconds})
    for part in PARTS:
        log[f"{part}_seconds"] = [part == "physics" and 0.5 * whole for whole in seconds]
    reached = dict.fromkeys(
        ("evaluations", "niches", "qd_score", "evaluations_per_second", "program_hits", "walk_hits")
    )
    row = pipeline._row(config, "tree", reached, log)
    assert row.quartiles == (3.0, 6.0)  # six children in two seconds, or in one
    assert row.evaluations_per_second == pytest.approx(4.5)
    assert row.busy["physics"] == pytest.approx(0.5)
    assert row.busy["mutation"] == 0.0
    assert row.window_seconds == seconds


def test_a_run_too_short_to_time_is_refused(tmp_path, capsys):
    settings = [*SHORT, "--evolve.iterations", "3"]
    assert cli.main(["bench", "pipeline", *settings, "-o", str(tmp_path)]) == 2
    assert "evolve.iterations: got 3, wanted at least 11" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_the_command_of_a_record_names_no_folder():
    settings = [("evolve.model", "/home/me/own"), ("evolve.parents", "2")]
    command = pipeline._command("/home/me/mine.toml", settings)
    assert command == (
        "elmjax bench pipeline --config mine.toml --evolve.model own --evolve.parents 2"
    )
