"""Tables and figures from numbers that are known."""

import pytest

from elmjax import config as configuration
from elmjax.config import Band
from elmjax.experiments.stage2 import summary
from elmjax.experiments.stage2.plan import Counts, Plan, Programs
from elmjax.experiments.stage2.published import DATASET, PUBLISHED

ARCHIVE = ("niches", "coverage", "qd_score", "best")


@pytest.fixture(scope="module")
def measured():
    plan = Plan(
        models=("1M", "walker"),
        thresholds=(0.5, 0.8),
        counts=Counts(samples=8, completions=2, orders=2, predictions=2),
        repeats=3,
        with_properties=True,
    )
    programs = Programs(folders=(), unseen=(), told={"run": "x"})
    conditions = plan.conditions(programs, configuration.load("stage2"), Band())
    return [(condition, values(condition)) for condition in conditions]


def values(condition):
    if condition.properties == "prefix":
        return {f"order_{name}": 0.5 for name in ("valid", "fitness", "height", "width")} | {
            "order_mass": None,
            "order_met": 0.25,
            "band_ordered": 0.1,
            "band_by_chance": 0.05,
        }
    if condition.properties == "postfix":
        return {"test_fitness": 0.75, "unseen_fitness": -0.25}
    better = condition.model == "walker"
    qd = 100.0 + 50.0 * better + 10.0 * (condition.threshold == 0.8) + condition.repeat
    shares = ("valid_samples", "novel_samples", "novel_families", "completions_valid", "coverage")
    return {
        **dict.fromkeys(shares, 0.5),
        **dict.fromkeys(("completed", "wheel", "galloper", "runner"), 0.5),
        "programs": 1000,
        "test_programs": 50,
        "niches": 20,
        "best": 30.0,
        "qd_score": qd,
        "test_loss": 0.4 - 0.1 * better,
        **{f"dataset_{name}": 0.7 for name in ARCHIVE},
    }


def test_tables_hold_differences_ours_and_the_papers(measured, tmp_path, capsys) -> None:
    summary.write(tmp_path, measured)
    text = (tmp_path / "table.md").read_text()
    assert text.startswith(capsys.readouterr().out.rstrip()[:400])
    lines = text.splitlines()
    # The walker has 50 more in every repeat, and 80 % has 10 more: no spread at all.
    assert (
        "| walker, pre-trained minus 1M, random init: QD score [m] "
        "| +50 (+50 to +50) | +50 (+50 to +50) |"
    ) in lines
    assert "| walker, pre-trained, 80 % minus 50 %: QD score [m] | - | +10 (+10 to +10) |" in lines
    assert "| ELM, 85M | 36.4 | 46.8 |" in lines  # figure 15
    assert "| ELM, 300M(RI) | - | 0.094 |" in lines  # figure 12
    # t = 4.303 with two degrees of freedom: 151 +- 4.303 / sqrt(3).
    assert any(line.startswith("| walker, pre-trained | 151 (149 to 153)") for line in lines)
    assert "| predicted, Radial | -0.25 (-0.25 to -0.25) | - | - | - |" in lines
    assert "| ELM, 300M, predicted, Radial | 0.08 | - | - | - |" in lines
    for name in ("loss", "samples", "completion", "properties"):
        assert (tmp_path / f"{name}.png").stat().st_size > 5000


def test_one_repeat_one_model_and_no_comments_are_enough(measured, tmp_path) -> None:
    few = [(c, v) for c, v in measured if c.model == "walker" and c.properties == "none"]
    some = [pair for pair in few if pair[0].repeat == 0 and pair[0].threshold == 0.8]
    summary.write(tmp_path, some)
    assert "| walker, pre-trained | 160 |" in (tmp_path / "table.md").read_text()
    assert not (tmp_path / "properties.png").exists()


def test_published_numbers_are_those_of_the_figures() -> None:
    qd = PUBLISHED["qd_score"]
    assert list(qd) == [f"ELM, {n}" for n in ("0.1M", "85M", "300M(RI)", "300M", "680M", DATASET)]
    assert qd["ELM, dataset"] == {"50 %": 448_000, "80 %": 508_000}
    assert qd["ELM, 300M(RI)"] == {"50 %": 266_000, "80 %": 275_000}
    assert PUBLISHED["coverage"]["ELM, 0.1M"] == pytest.approx({"50 %": 0.110, "80 %": 0.120})
    assert PUBLISHED["test_loss"]["ELM, 680M"] == {"80 %": 0.0783}
    assert len(PUBLISHED["completed"]) == 5  # no dataset completes anything
