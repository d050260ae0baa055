import math

import pytest

from elmjax.experiments.bugs import summary
from elmjax.experiments.bugs.published import PUBLISHED
from elmjax.experiments.bugs.task import TASKS
from elmjax.experiments.results import Results
from elmjax.report.success import Place


def row(operator, bugs, fixed, trials=100, *, repeat=0, **settings):
    condition = {"operator": operator, "task": "parity", "bugs": bugs, "repeat": repeat}
    condition |= {"trials": trials, "seed": 0, **settings}
    outcomes = {"fixed": fixed, "wrong": trials - fixed}
    return {"condition": condition, "values": {"outcomes": outcomes}}


def test_repeats_are_taken_together_with_clopper_and_pearsons_interval() -> None:
    rows = [row("gp", 1, 3, rate=0.2), row("gp", 1, 1, rate=0.2, repeat=1)]
    ours, paper = summary.lines(rows)
    rate = ours.rates[Place("4-Parity", 1)]
    # 4 of 200, from tables of the binomial distribution: 0.55 % to 5.04 %.
    assert rate.mean == pytest.approx(2.0)
    assert (rate.low, rate.high) == (pytest.approx(0.548, abs=1e-3), pytest.approx(5.041, abs=1e-3))
    assert (paper.label, paper.published) == ("GP", True)
    assert paper.rates[Place("4-Parity", 1)].mean == 0.44


def test_each_of_ours_stands_before_what_the_paper_has_of_its_kind() -> None:
    rows = [row(name, 1, 1, model="walker") for name in ("edit", "prompt", "diff")]
    rows += [row("diff", 1, 1, model="general"), row("gp", 1, 1)]
    assert [series.label for series in summary.lines(rows)] == [
        "gp",
        "GP",
        "diff walker",
        "diff general",
        "Diff 300M",
        "prompt walker",
        "Prompt Cushman",
        "Prompt Davinci",
        "edit walker",
        "Edit Davinci",
    ]


def test_only_the_rows_of_the_last_plan_and_model_count(tmp_path) -> None:
    old = row("diff", 1, 50, model="walker", fingerprint="old")
    results = Results(tmp_path, "bugs", [old, row("diff", 1, 7, model="walker", fingerprint="new")])
    summary.write(results)
    assert "7.0 (" in (tmp_path / "table.md").read_text()
    results.recall(old["condition"])
    summary.write(results)
    assert "50.0 (" in (tmp_path / "table.md").read_text()


def test_a_table_says_how_its_numbers_came_about(tmp_path) -> None:
    rows = [
        row("diff", 1, fixed, model="walker", temperature=0.8, repeat=repeat)
        for repeat, fixed in enumerate((20, 30))
    ]
    summary.write(Results(tmp_path, "bugs", rows))
    notes = (tmp_path / "table.md").read_text().splitlines()[-1]
    assert notes == (
        "- `diff walker`: 2 x 100 trials of every problem; seed 0; temperature 0.8. "
        "Of all trials: wrong 75.0 %, fixed 25.0 %."
    )


def test_a_table_tells_what_tuning_counted(tmp_path) -> None:
    values = {"success": {"parity-1": 0.006, "parity-2": 0.0004}}
    tuned = {"condition": {"tuned": "gp", "task": "parity"}, "values": values}
    summary.write(Results(tmp_path, "bugs", [tuned, row("gp", 1, 1, rate=0.2)]))
    notes = (tmp_path / "table.md").read_text().splitlines()[-1]
    assert notes == "- `gp` on 4-Parity, every tree counted: 0.60 %, 0.040 %."


def test_nothing_measured_gives_nothing(tmp_path) -> None:
    tuned = {"condition": {"tuned": "gp", "task": "parity"}, "values": {"rate": 0.2}}
    summary.write(Results(tmp_path, "bugs", [tuned]))
    assert list(tmp_path.iterdir()) == []


def test_the_published_numbers_are_complete_percentages() -> None:
    for published in PUBLISHED:
        assert set(published.success) == set(TASKS)
        for task, values in published.success.items():
            assert len(values) == TASKS[task].most_bugs
            assert all(0.0 <= value <= 100.0 for value in values)


def test_the_papers_zero_is_bounded_by_its_number_of_trials() -> None:
    _, paper = summary.lines([row("gp", 5, 0)])
    zero = paper.rates[Place("4-Parity", 5)]
    assert (zero.mean, math.isnan(zero.low)) == (0.0, True)
    assert zero.high == pytest.approx(100 * (1 - 0.025 ** (1 / 100_000)), rel=1e-6)
