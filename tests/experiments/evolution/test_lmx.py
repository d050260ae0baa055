import json

import pytest

from elmjax import cli
from elmjax import config as configuration
from elmjax.experiments.evolution.lmx import Plan


def plan(**changes) -> Plan:
    values = {
        "operators": ("tree",),
        "seed_programs": ("square", "radial", "cppn_fixed"),
        "counts": (1, 2),
        "samples": 1000,
        "repeats": 2,
    }
    return Plan(**(values | changes))


def test_samples_are_children_of_seeds_and_evolution_has_as_many() -> None:
    config = configuration.load("openelm", [])
    conditions = plan().conditions(config)
    assert [(each.line, each.column) for each in conditions[:4]] == [
        ("tree, samples", "1 seed"),
        ("tree, evolution", "1 seed"),
        ("tree, samples", "2 seeds"),
        ("tree, evolution", "2 seeds"),
    ]
    samples, evolved = (each.resolved.evolve for each in conditions[:2])
    assert samples.iterations == 1  # whose parents can only be seeds
    assert samples.parents * samples.children == 1000
    assert 1000 <= evolved.iterations * evolved.parents * evolved.children < 1000 + 128
    assert evolved.iterations > 1


def test_every_repeat_takes_the_seeds_in_another_order() -> None:
    config = configuration.load("openelm", [])
    orders = {
        (each.repeat, each.column): each.seed_programs
        for each in plan(repeats=3).conditions(config)
    }
    assert orders[0, "2 seeds"] == ("square", "radial")
    assert orders[1, "2 seeds"] == ("radial", "cppn_fixed")
    assert orders[2, "2 seeds"] == ("cppn_fixed", "square")
    assert [orders[repeat, "1 seed"] for repeat in range(3)] == [
        ("square",),
        ("radial",),
        ("cppn_fixed",),
    ]


def test_the_command_measures_in_the_ranges_of_openelm(tmp_path, capsys) -> None:
    folder = tmp_path / "lmx"
    words = ["--operators", "tree", "--samples", "8", "--repeats", "1", "--seconds", "0.2"]
    assert cli.main(["experiment", "lmx", "--run", str(folder), *words]) == 0
    text = (folder / "table.md").read_text()
    assert "| LMX, CodeGen 6B | 27.8 | 29.5 | 33.5 |" in text
    rows = json.loads((folder / "results.json").read_text())["rows"]
    assert len(rows) == 6
    for row in rows:
        settings = row["condition"]["settings"]
        assert settings["grid.upper"] == [1000.0, 1000.0, 2000.0]
        # The stretch of x and y that OpenELM's constants make: 0.22 x 150 / 2.2^2 and 0.22 x 32.
        assert settings["grid.scale"] == pytest.approx([0.22 * 150 / 2.2**2, 0.22 * 32])
    assert "**valid samples [%]**" in capsys.readouterr().out
