"""The closing table: every number given is there, in its unit; what is missing is left out."""

import io

import pytest
from rich.console import Console
from rich.table import Table

from elmjax.report import closing_table, closing_text

SUMMARY = {
    "evolve": {
        "diff": {
            "evaluations": 4096,
            "niches": 212,
            "coverage": 0.1227,
            "qd_score": 1834.52,
            "best": 31.26,
            "applied": 0.941,
            "run": 0.8,
            "valid": 0.79,
            "admitted": 0.112,
        },
        "tree": {"evaluations": 4096, "niches": 180, "best": float("nan"), "odd_thing": 0.25},
    },
    "finetune": {
        "programs": 930,
        "train_loss": {"before": 0.9134, "after": 0.32},
        "valid_samples": {"before": 0.32, "after": 0.707, "dataset": 1.0},
    },
    "conditional": {
        "left_wall": {
            "before": [3.214, 2.5, 3.9],
            "after": [5.5, 4.8, 6.2],
            "change": [2.286, 1.3, 3.3],
        },
        "tunnel": {"before": [-0.5, -1.0, 0.0]},
    },
}


def rows_of(text):
    """Cells by the label of their row."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def test_every_number_is_there_in_its_format():
    rows = rows_of(closing_text(SUMMARY))
    assert rows["evaluations"] == ["4,096", "4,096"]
    assert rows["niches"] == ["212", "180"]
    assert rows["coverage"] == ["12.3 %", "-"]
    assert rows["QD score [m]"] == ["1,834.5", "-"]
    assert rows["best fitness [m]"] == ["31.3", "-"]
    assert rows["edits that apply"] == ["94.1 %", "-"]
    assert rows["programs that run"] == ["80.0 %", "-"]
    assert rows["walkers with a fitness"] == ["79.0 %", "-"]
    assert rows["admitted to the archive"] == ["11.2 %", "-"]
    assert rows["odd thing"] == ["-", "0.25"]
    assert rows["training programs"] == ["", "930", ""]
    assert rows["train loss [nats / token]"] == ["0.913", "0.320", ""]
    assert rows["samples with a fitness"] == ["32.0 %", "70.7 %", "100.0 %"]
    assert rows["left wall"] == [
        "3.21 (2.50 to 3.90)",
        "5.50 (4.80 to 6.20)",
        "+2.29 (+1.30 to +3.30)",
    ]
    assert rows["tunnel"] == ["-0.50 (-1.00 to 0.00)", "-", "-"]


def test_plain_text_is_ascii_and_fits():
    text = closing_text(SUMMARY, width=90)
    assert text.isascii()
    assert max(len(line) for line in text.splitlines()) <= 90


def test_columns_are_the_operators_in_the_order_given():
    header = next(line for line in closing_text(SUMMARY).splitlines() if "diff" in line)
    assert header.index("diff") < header.index("tree")


@pytest.mark.parametrize("stage", ["evolve", "finetune", "conditional"])
def test_stages_that_did_not_run_are_left_out(stage):
    text = closing_text({stage: SUMMARY[stage]})
    number = {"evolve": 1, "finetune": 2, "conditional": 3}[stage]
    assert [f"Stage {i}" in text for i in (1, 2, 3)] == [i == number for i in (1, 2, 3)]
    assert closing_text({}).strip() == ""


def test_on_a_terminal_units_are_not_taken_for_styles():
    table = closing_table(SUMMARY)
    assert isinstance(table, Table)
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="truecolor")
    console.print(table)
    text = console.file.getvalue()
    assert "best fitness [m]" in text
    assert "mean reward [m]" in text


def test_outcomes_are_listed_by_count():
    counts = {"ok": 1200, "syntax": 3, **{f"rare_{k}": 1 for k in range(9)}, "runtime": 40}
    text = closing_text({"evolve": {"tree": {"outcomes": counts, "errors": {}}}})
    cells = [line.strip("|").split("|") for line in text.splitlines()]
    lines = [row[1].strip() for row in cells if len(row) == 2]
    # Eight by name: the three frequent ones and five of the nine rare ones.
    assert lines[-10:-1] == [
        "ok 1,200",
        "runtime 40",
        "syntax 3",
        *[f"rare_{k} 1" for k in range(5)],
        "others 4",
    ]
    assert lines[-1] == "-"


def test_operators_and_messages_of_a_run_have_a_table_of_their_own():
    diff, tree = {"children": 1200, "run": 0.5}, {"children": 800, "run": 0.75}
    messages = {"small": {"children": 2000, "run": 0.6}}
    mixed = {"niches": 3, "operators": {"diff": diff, "tree": tree}, "messages": messages}
    text = closing_text({"evolve": {"mixed": mixed}})
    rates = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text[text.index("Stage 1: children") :].splitlines()
        if line.startswith("|")
    ]
    assert ["mixed", "diff", "1,200", "50.0 %"] in rates
    assert ["mixed", "tree", "800", "75.0 %"] in rates
    assert "small" not in text  # one message alone is no comparison
    assert "{" not in text


def test_where_the_time_goes_is_a_list():
    rows = rows_of(closing_text({"evolve": {"tree": {"busy": {"mutation": 0.62, "physics": 0.3}}}}))
    assert rows["share of it at work"] == ["mutation 62 %"]
    assert rows[""] == ["physics 30 %"]


def test_the_fine_tuned_model_stands_beside_its_base_and_the_paper():
    summary = {
        "qd_score": {"base": 1276.5, "tuned": 1935.1, "ratio": 1.516, "paper": 1.76},
        "run": {"base": 0.541, "tuned": 0.646},
        "divergence": {"tuned": 0.1514},
        "refused": 0,
    }
    text = closing_text({"operator": summary})
    assert "Stage 1: fine-tuned diff model" in text
    rows = rows_of(text)
    assert rows[""] == ["base", "tuned", "tuned / base", "paper"]
    assert rows["QD score [m]"] == ["1,276.5", "1,935.1", "1.52", "1.76"]
    assert rows["programs that run"] == ["54.1 %", "64.6 %", "", ""]
    assert rows["KL from the base model [nats / token]"] == ["", "0.151", "", ""]
    assert rows["refused by the guard"] == ["", "0", "", ""]


def test_each_table_of_stage_3_comes_once() -> None:
    reward = {"before": [1.0, 0.5, 1.5], "after": [2.0, 1.5, 2.5], "change": [1.0, 0.5, 1.5]}
    compared = {"conditionality": [0.1, 0.0, 0.2], "best_of_dataset": 3.0, "best_of_stage_2": 2.5}
    text = closing_text({"conditional": {"tunnel": reward | compared, "flat": reward}})
    titles = [line for line in text.splitlines() if line.startswith("Stage 3")]
    assert len(titles) == len(set(titles)) == 2
