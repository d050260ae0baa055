"""The command: what it writes, and how it refuses."""

import sys

import pytest

from elmjax import cli
from elmjax.bench import physics
from elmjax.bench.record import read_record

TINY = ["--buckets", "16x32", "--batches", "2", "--terrains", "flat", "--seconds", "0.01"]


@pytest.fixture(autouse=True)
def small_peaks(monkeypatch, peaks):
    monkeypatch.setattr(physics, "measure_peaks", lambda: peaks)


def test_the_command_shows_rows_and_writes_record_and_plot(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["bench", "physics", *TINY, "--repeats", "1"]) == 0
    output = capsys.readouterr().out
    assert "evals/s" in output
    assert "16x32" in output
    assert {path.name for path in (tmp_path / "bench").iterdir()} == {"physics.json", "physics.png"}
    record = read_record(tmp_path / "bench" / "physics.json")
    assert [(row["bucket"], row["batch"]) for row in record["rows"]] == [("16x32", 2)]
    assert record["walk_seconds"] == 0.01


def test_a_checkout_keeps_records_by_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "elmjax"\n')
    assert cli.main(["bench", "physics", *TINY, "--repeats", "1"]) == 0
    assert len(list(tmp_path.glob("docs/benchmarks/*cores/physics.json"))) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "fast"], "--backend: got 'fast', wanted one of auto, xla"),
        (["--buckets", "16x33"], "--buckets: got '16x33', wanted one of 16x32, 32x64"),
        (["--buckets", ""], "--buckets: got '', wanted"),
        (["--batches", "64,0"], "--batches: got '0', wanted whole numbers from 1"),
        (["--batches", "many"], "--batches: got 'many', wanted whole numbers"),
        (["--terrains", "flat,swamp"], "--terrains: got 'swamp', wanted one of flat"),
        (["--seconds", "nan"], "--seconds: got nan, wanted"),
        (["--seconds", "-1"], "--seconds: got -1, wanted"),
        (["--seconds", "long"], "--seconds: invalid float value: 'long'"),
        (["--repeats", "0"], "--repeats: got 0, wanted at least 1"),
        (["--against", "mujoco"], "--against: got 'mujoco', wanted one of box2d"),
        (["--speed", "3"], "--speed: no such option"),
        (["-o", "file"], "file"),
    ],
)
def test_wrong_options_are_one_line_and_exit_code_2(
    tmp_path, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    _assert_refused(arguments, message, capsys)


def test_a_missing_box2d_is_told_before_anything_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "Box2D", None)
    for name in ("elmjax.bench.box2d", "elmjax.bench.comparison"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    _assert_refused(["--against", "box2d"], "pip install elmjax[box2d]", capsys)
    assert not (tmp_path / "bench").exists()


def _assert_refused(arguments, message, capsys):
    try:
        code = cli.main(["bench", "physics", *arguments])
    except SystemExit as exited:  # raised by argparse
        code = exited.code
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.startswith("elmjax bench physics: ")
    assert len(error.strip().splitlines()) == 1
