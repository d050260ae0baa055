"""What decides a run, how often it is run, and what is kept of it."""

from dataclasses import replace

import pytest

from elmjax import config as configuration
from elmjax.experiments.evolution import condition as module
from elmjax.experiments.evolution.condition import POINTS, REACHED, Condition, measure
from elmjax.experiments.results import Results

SHORT = [("seconds", "0.2"), ("evolve.parents", "2"), ("evolve.children", "2")]


def condition(**changes) -> Condition:
    values = {
        "line": "tree",
        "column": "square",
        "operator": "tree",
        "seed_programs": ("square",),
        "repeat": 0,
        "evaluations": 9,
        "config": configuration.load(None, SHORT),
    }
    return Condition(**(values | changes))


def test_whole_iterations_reach_the_evaluations_asked_for() -> None:
    resolved = condition().resolved
    assert resolved.evolve.iterations == 3  # of four children: nine want three
    assert resolved.evolve.operators == ("tree",)
    assert condition(seed_programs=("radial", "square")).resolved.evolve.seed_programs == (
        "radial",
        "square",
    )


def test_repeats_and_starts_have_seeds_of_their_own_and_lines_share_them() -> None:
    seed = condition().resolved.seed
    others = [condition(repeat=1), condition(seed_programs=("radial",))]
    assert len({seed, *(each.resolved.seed for each in others)}) == 3
    assert condition(line="mixed", operator="mixed").resolved.seed == seed


def test_whatever_changes_a_run_changes_its_condition() -> None:
    base = condition()
    settings = [*SHORT, ("evolve.temperature", "0.8"), ("terrain.tunnel.height", "3.0")]
    changed = configuration.load(None, settings)
    assert base.describe()["settings"] == {
        "seconds": 0.2,
        "evolve.parents": 2,
        "evolve.children": 2,
    }
    told = replace(base, config=changed).describe()["settings"]
    assert (told["evolve.temperature"], told["terrain.tunnel.height"]) == (0.8, 3.0)
    # What other stages do decides nothing.
    elsewhere = configuration.load(None, [*SHORT, ("finetune.samples", "3")])
    assert replace(base, config=elsewhere).describe() == base.describe()


def test_a_model_is_known_by_its_weights(monkeypatch) -> None:
    assert "model" not in condition().describe()
    diff = condition(line="diff", operator="diff")
    assert diff.describe()["model"] == "walker"
    before = diff.describe()["weights"]
    monkeypatch.setattr(module, "fingerprint", lambda folder: "others")
    assert diff.describe()["weights"] != before


def test_a_condition_is_run_once(tmp_path, monkeypatch, capsys) -> None:
    results = Results.open(tmp_path, "seeds")
    values = measure(results, condition())
    assert "tree from square, repeat 1" in capsys.readouterr().out
    assert set(REACHED) <= set(values)
    curve = values["curve"]
    assert curve["evaluations"] == [5, 9, 13]  # the seed program, and four children each time
    assert curve["niches"][-1] == values["niches"]
    assert values["machine"]
    monkeypatch.setattr(module, "evolve", lambda *_: pytest.fail("run again"))
    assert measure(Results.open(tmp_path, "seeds"), condition()) == values


def test_a_long_run_keeps_both_ends_of_its_curve(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "POINTS", 2)
    curve = measure(Results.open(tmp_path, "seeds"), condition())["curve"]
    assert curve["evaluations"] == [5, 13]
    assert POINTS > 2
