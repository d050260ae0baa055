import json

import pytest

from elmjax import cli
from elmjax.bench import programs
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


def test_the_command_prints_a_row_a_line(monkeypatch, capsys):
    monkeypatch.setattr(programs, "measure", lambda *, repeats: [{"repeats": repeats}] * 2)
    assert cli.main(["bench", "programs", "--repeats", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"repeats": 3}] * 2
