"""The experiment on tiny runs, and its arithmetic by hand."""

import dataclasses
import json

import pytest

from elmjax.config import ConfigError
from elmjax.experiments.stage3 import study, summary
from elmjax.experiments.stage3.plan import Condition, Plan
from elmjax.experiments.stage3.published import DATASET, PUBLISHED
from elmjax.experiments.stage3.terrains import DISTRIBUTIONS
from elmjax.stages import conditional
from tests.stages.conftest import small_config, terrain_file  # noqa: F401 - fixtures


def told(after, dataset, stage_2=1.0):
    return {
        "after": [after, after, after],
        "change": [after - 1.0] * 3,
        "conditionality": [after / 2] * 3,
        "best_of_dataset": dataset,
        "best_of_stage_2": stage_2,
    }


def test_averages_and_ratios_are_those_worked_out_by_hand(small_config, tmp_path) -> None:  # noqa: F811
    terrains = ("left_wall", "right_wall", "tunnel")
    values = [
        {"terrains": {name: told(after, 10.0) for name, after in zip(terrains, row, strict=True)}}
        for row in ((2.0, 4.0, 6.0), (4.0, 8.0, 12.0))
    ]
    measured = [
        (
            Condition(
                distribution="tunnel", encoder="codes", repeat=i, base=tmp_path, config=small_config
            ),
            each,
        )
        for i, each in enumerate(values)
    ]
    summary.write(tmp_path, measured)
    text = (tmp_path / "table.md").read_text()
    # Means over repeats: 3, 6, 9; on average 6; the dataset's best is 10 everywhere.
    (reward,) = [line for line in text.splitlines() if line.startswith("| stage 3, codes |")][:1]
    cells = [cell.split()[0] for cell in reward.split("|")[2:-1]]
    assert cells == ["3.0", "6.0", "9.0", "6.0"]
    ratio = text[text.index("**Stage 3 over") :].splitlines()[4]
    assert [cell.split()[0] for cell in ratio.split("|")[2:-1]] == ["0.30", "0.60", "0.90", "0.60"]
    assert (tmp_path / "rewards.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("encoders", "compared"),
    [
        (("image", "resnet50"), ["stage 3, image, paper"]),
        (("resnet50",), ["stage 3, image, paper"]),
        (("codes",), ["stage 3, codes, paper"]),
    ],
)
def test_every_encoder_has_its_line_and_the_papers_beside(
    small_config,  # noqa: F811
    tmp_path,
    encoders,
    compared,
) -> None:
    threshold = dataclasses.replace(small_config.finetune, threshold=0.8)  # of the paper
    config = dataclasses.replace(small_config, finetune=threshold)
    terrains = DISTRIBUTIONS["bumpy"]
    measured = [
        (
            Condition(distribution="bumpy", encoder=name, repeat=0, base=tmp_path, config=config),
            {"terrains": {each: told(2.0 + i, 10.0) for each in terrains}},
        )
        for i, name in enumerate(encoders)
    ]
    summary.write(tmp_path, measured)
    text = (tmp_path / "table.md").read_text()
    rewards, ratios = text.split("**Stage 3 over")[:2]
    shown = {"codes": "stage 3, codes", "image": "stage 3, image", "resnet50": "stage 3, ResNet-50"}
    for i, name in enumerate(encoders):
        (line,) = [one for one in rewards.splitlines() if one.startswith(f"| {shown[name]} |")]
        assert [cell.split()[0] for cell in line.split("|")[2:-1]] == [f"{2 + i}.0"] * 4
    ratios = ratios.split("**")[1]
    lines = [one.split("|")[1].strip() for one in ratios.splitlines() if "paper" in one]
    assert lines == compared


def test_distributions_keep_the_names_that_folders_and_seeds_are_made_from() -> None:
    assert list(DISTRIBUTIONS) == ["tunnel", "bumpy", "tunnel_flat", "bumpy_flat"]


def test_weights_are_for_the_encoder_that_reads_them(small_config, tmp_path) -> None:  # noqa: F811
    plan = Plan(distributions=("tunnel",), encoders=("codes", "resnet50"), repeats=1)
    stage_3 = dataclasses.replace(small_config.conditional, encoder_weights="somewhere")
    config = dataclasses.replace(small_config, conditional=stage_3)
    weights = [
        each.resolved.conditional.encoder_weights for each in plan.conditions(tmp_path, config)
    ]
    assert weights == ["", "somewhere"]
    with pytest.raises(ConfigError, match=r"encoder_weights: somewhere holds no readable config"):
        study.study_stage3(tmp_path / "study", plan, config)
    assert not (tmp_path / "study").exists()


def test_published_averages_are_those_of_the_paper() -> None:
    # Table of the paper's figures: averages of the dataset's bars, 1978, 2486, 1606 and 2029 [sic].
    averages = [sum(lines[DATASET]) / 3 for lines in PUBLISHED.values()]
    assert averages == pytest.approx([1978, 2486, 1606, 2029], abs=4)


@pytest.fixture(scope="module")
def config(small_config):  # noqa: F811
    search = dataclasses.replace(small_config.evolve, operators=("tree",), terrain="flat")
    stage_3 = dataclasses.replace(
        small_config.conditional, max_new_tokens=12, iterations=1, evaluation_samples=3
    )
    return dataclasses.replace(small_config, evolve=search, conditional=stage_3)


def test_what_is_finished_is_not_run_again(config, tmp_path, monkeypatch) -> None:
    plan = Plan(distributions=("bumpy",), encoders=("codes",), repeats=2)
    study.study_stage3(tmp_path, plan, config)
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert [row["condition"]["repeat"] for row in rows] == [0, 1]
    assert set(rows[0]["values"]["terrains"]) == {"left_wall", "right_wall", "bumpy"}
    table = (tmp_path / "table.md").read_text()
    assert "## bumpy" in table
    monkeypatch.setattr(conditional.Trainer, "iterate", lambda *_: pytest.fail("run again"))
    study.study_stage3(tmp_path, plan, config)
    assert (tmp_path / "table.md").read_text() == table
