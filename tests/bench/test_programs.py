import pytest

from elmjax import cli
from elmjax.bench import programs
from elmjax.bench.record import read_record
from elmjax.programs import LockdownUnavailable

KINDS = {"square", "radial", "cppn_fixed", "cppn_mutable", "seeds", "small", "mutated"}


@pytest.fixture(scope="module")
def rows():
    try:
        return programs.measure(workers=(1,), repeats=2, programs=24)
    except LockdownUnavailable as reason:
        pytest.skip(f"this machine cannot confine programs: {reason}")


def test_there_is_a_row_for_every_kind_and_way(rows):
    found = [(row["kind"], row["way"], row["workers"]) for row in rows]
    ways = ("plain", "jail", "jail, remembered")
    assert sorted(found) == sorted((kind, way, 1) for kind in KINDS for way in ways)


def test_rates_are_positive_and_ratios_are_to_plain(rows):
    for row in rows:
        low, high = row["quartiles"]
        assert 0 < low <= row["programs_per_second"] <= high
    assert {row["ratio_to_plain"] for row in rows if row["way"] == "plain"} == {1.0}


def test_a_worker_is_replaced():
    assert all(taken > 0 for taken in programs.respawn_milliseconds(repeats=3))


def test_the_command_shows_the_rows_and_writes_the_record(rows, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(programs, "measure", lambda *, repeats: rows)
    assert cli.main(["bench", "programs", "--repeats", "2", "-o", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert all(kind in shown for kind in KINDS)
    record = read_record(tmp_path / "programs.json")
    assert record["rows"] == rows
    assert record["command"] == "elmjax bench programs --repeats 2"
    assert len(record["respawn_milliseconds"]) == 3


def test_no_repeats_are_an_error(capsys):
    assert cli.main(["bench", "programs", "--repeats", "0"]) == 2
    assert "--repeats: got 0, wanted at least 1" in capsys.readouterr().err
