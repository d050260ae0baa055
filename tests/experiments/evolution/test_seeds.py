"""The command, its tables and its plan."""

import json

import pytest

from elmjax import cli
from elmjax.experiments.evolution.published import ELM_FINETUNED, ELM_PRETRAINED
from elmjax.experiments.evolution.seeds import Plan
from elmjax.experiments.evolution.tables import Quantity, percent, table
from elmjax.report import Interval

SHORT = ["--seconds", "0.2", "--evolve.parents", "2", "--evolve.children", "2"]


def test_the_command_leaves_plan_results_tables_and_plot(tmp_path, capsys) -> None:
    folder = tmp_path / "seeds"
    words = ["--seeds", "radial", "square", "--operators", "tree", "--repeats", "2"]
    command = ["experiment", "seeds", "--run", str(folder), *words, "--evaluations", "8", *SHORT]
    assert cli.main(command) == 0
    plan = json.loads((folder / "plan.json").read_text())
    assert [(each["repeat"], each["seed_programs"]) for each in plan] == [
        (0, ["square"]),
        (0, ["radial"]),
        (1, ["square"]),
        (1, ["radial"]),
    ]
    rows = json.loads((folder / "results.json").read_text())["rows"]
    assert [row["condition"] for row in rows] == plan
    text = (folder / "table.md").read_text()
    assert "| ELM, fine-tuned diff model | 62.0 | 96.3 |" in text
    scores = [
        row["values"]["qd_score"] for row in rows if row["condition"]["seed_programs"] == ["square"]
    ]
    line = next(
        line for line in text.split("QD score")[1].splitlines() if line.startswith("| tree")
    )
    assert f"{sum(scores) / 2:,.0f}" in line
    assert (folder / "curves.png").stat().st_size > 5000
    assert "**niches filled [%]**" in capsys.readouterr().out


def test_the_ratios_of_the_published_scores_are_those_that_the_paper_claims() -> None:
    # The and the paper's reading of the same figure: 1.76, 1.60, 1.73 and 1.51.
    ratios = [
        ELM_FINETUNED.qd_score[s] / ELM_PRETRAINED.qd_score[s] for s in ELM_FINETUNED.qd_score
    ]
    assert ratios == pytest.approx([1.76, 1.60, 1.73, 1.51], abs=0.006)


def test_repeats_come_one_after_the_other() -> None:
    plan = Plan(seed_programs=("square",), operators=("tree", "mixed"), evaluations=4, repeats=2)
    order = [(each.repeat, each.line) for each in plan.conditions(config=None)]
    assert order == [(0, "tree"), (0, "mixed"), (1, "tree"), (1, "mixed")]


def test_cells_show_means_with_intervals_within_what_is_possible() -> None:
    shares = Quantity(name="run", title="run [%]", write=percent, most=1.0)
    lines = {
        "ours": {"a": Interval(0.9, 0.7, 1.1), "b": Interval(0.5, float("nan"), float("nan"))},
        "theirs": {"a": 0.25},
    }
    rows = table(shares, ("a", "b"), lines).splitlines()
    assert rows[0] == "**run [%]**"
    assert rows[-2:] == ["| ours | 90.0 (70.0 to 100.0) | 50.0 |", "| theirs | 25.0 | - |"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--evaluations", "0"], "argument --evaluations: got '0', wanted an integer of 1 or more"),
        (["--operators", "best"], "argument --operators: invalid choice: 'best'"),
        (["--model", "absent"], "model: got 'absent', wanted a folder, owner/name or one of"),
    ],
)
def test_what_cannot_be_run_is_refused(tmp_path, capsys, words, message) -> None:
    folder = tmp_path / "mine"
    command = ["experiment", "seeds", "--run", str(folder), "--seeds", "square", *words]
    try:
        code = cli.main(command)
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert message in capsys.readouterr().err
