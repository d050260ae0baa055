"""The plan, the ratios, and a run in which the model learns nothing."""

import json

import pytest

from elmjax import cli
from elmjax import config as configuration
from elmjax.experiments.evolution import operator as module
from elmjax.experiments.evolution.operator import (
    BASE,
    MIXED,
    RATIOS,
    TREE,
    TREE_TWICE,
    TUNED,
    Plan,
)

PLAN = Plan(seed_programs=("square", "radial"), evaluations=256, repeats=2)


def test_all_lines_have_the_same_evaluations_but_one() -> None:
    planned = PLAN.conditions(configuration.load(None, []))
    assert list(planned) == [(0, "square"), (0, "radial"), (1, "square"), (1, "radial")]
    for (repeat, seed), lines in planned.items():
        assert {line: each.evaluations for line, each in lines.items()} == {
            BASE: 256,
            TUNED: 256,
            TREE: 256,
            TREE_TWICE: 512,
            MIXED: 256,
        }
        assert {each.resolved.seed for each in lines.values()} == {lines[BASE].resolved.seed}
        assert {(each.repeat, each.seed_programs) for each in lines.values()} == {(repeat, (seed,))}
        assert [line for line, each in lines.items() if each.config.operator.rounds] == [TUNED]


def test_the_settings_of_the_fine_tuning_belong_to_its_line_alone() -> None:
    config = configuration.load(None, [("operator.weighting", "gain")])
    lines = PLAN.conditions(config)[0, "square"]
    assert lines[TUNED].describe()["settings"]["operator.weighting"] == "gain"
    assert lines[TUNED].describe()["settings"]["operator.rounds"] == 1
    assert not any(name.startswith("operator") for name in lines[BASE].describe()["settings"])


def result(qd_score: float, seconds: float = 10.0) -> dict:
    curve = {"seconds": [seconds / 2, seconds], "qd_score": [qd_score / 2, qd_score]}
    return {"qd_score": qd_score, "curve": curve}


def test_ratios_are_of_the_same_repeat() -> None:
    planned = PLAN.conditions(configuration.load(None, []))
    scores = {BASE: (100.0, 200.0), TUNED: (150.0, 320.0), TREE: (100.0, 100.0)}
    measured = [
        (planned[repeat, "square"][line], result(of_line[repeat]))
        for line, of_line in scores.items()
        for repeat in (0, 1)
    ]
    (interval,) = module._intervals(measured, RATIOS[0]).values()
    # 1.5 and 1.6; with two values Student's factor is 12.706 and the error half their difference.
    assert interval.mean == pytest.approx(1.55)
    assert interval.high - interval.mean == pytest.approx(12.706 * 0.05, rel=1e-3)


def test_at_equal_seconds_tree_has_what_it_had_by_then() -> None:
    planned = PLAN.conditions(configuration.load(None, []))[0, "square"]
    seconds = next(ratio for ratio in RATIOS if ratio.at_equal_seconds and ratio.of == TUNED)
    # After 15 of 20 s, midway between 300 at 10 s and 600 at 20 s, it had 450.
    measured = [(planned[TUNED], result(225.0, 15.0)), (planned[TREE_TWICE], result(600.0, 20.0))]
    assert module._intervals(measured, seconds)["square"].mean == pytest.approx(0.5)
    # The other run took longer than the whole of it.
    measured = [(planned[TUNED], result(300.0, 99.0)), (planned[TREE_TWICE], result(600.0, 20.0))]
    assert module._intervals(measured, seconds)["square"].mean == pytest.approx(0.5)


def test_a_model_that_learns_nothing_stays_where_it_was(model_folder, tmp_path, capsys) -> None:
    folder = tmp_path / "operator"
    words = [
        "--seeds",
        "square",
        "--evaluations",
        "8",
        "--repeats",
        "1",
        "--model",
        str(model_folder),
    ]
    settings = ["--seconds", "0.2", "--evolve.parents", "2", "--evolve.children", "2"]
    settings += ["--evolve.max_new_tokens", "8", "--evolve.grammar_mask", "false"]
    settings += ["--operator.replay", "0", "--operator.optimiser.row_length", "1024"]
    command = ["experiment", "operator", "--run", str(folder), *words, *settings]
    assert cli.main(command) == 0
    text = (folder / "table.md").read_text()
    assert "| fine-tuned / base, equal evaluations | 1.00 |" in text
    assert "| the same in the paper | 1.76 |" in text
    rows = json.loads((folder / "results.json").read_text())["rows"]
    assert {row["condition"]["line"] for row in rows} == {BASE, TUNED, TREE, TREE_TWICE, MIXED}
    plan = {each["line"]: each for each in json.loads((folder / "plan.json").read_text())}
    assert plan[MIXED]["model"] == "the fine-tuned model"
    before = (folder / "results.json").read_text()
    assert cli.main(command) == 0  # nothing is run again
    assert sorted(before) == sorted((folder / "results.json").read_text())
    capsys.readouterr()
