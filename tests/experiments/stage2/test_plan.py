from pathlib import Path

import pytest

from elmjax import config as configuration
from elmjax.config import Band
from elmjax.experiments.stage2.plan import Counts, Plan, Programs

COUNTS = Counts(samples=8, completions=2, orders=2, predictions=2)
BAND = Band(height=(1.0, 2.0), width=(3.0, 4.0))


def conditions(config, told: str = "x", **changes):
    values = {
        "models": ("1M", "walker"),
        "thresholds": (0.5, 0.8),
        "counts": COUNTS,
        "repeats": 2,
        "with_properties": True,
    }
    programs = Programs(folders=(Path("somewhere"),), unseen=(), told={"run": told})
    return Plan(**(values | changes)).conditions(programs, config, BAND)


def test_every_repeat_has_all_models_and_the_last_one_learns_comments() -> None:
    planned = conditions(configuration.load("stage2"))
    assert [(each.line, each.column, each.properties) for each in planned[:6]] == [
        ("1M, random init", "50 %", "none"),
        ("1M, random init", "80 %", "none"),
        ("walker, pre-trained", "50 %", "none"),
        ("walker, pre-trained", "80 %", "none"),
        ("walker, pre-trained", "80 %", "prefix"),
        ("walker, pre-trained", "80 %", "postfix"),
    ]
    assert [each.repeat for each in planned] == [0] * 6 + [1] * 6
    assert [each.band for each in planned[3:6]] == [Band(), BAND, Band()]
    without = conditions(configuration.load("stage2"), with_properties=False)
    assert {each.properties for each in without} == {"none"}


def test_a_condition_becomes_the_configuration_of_its_run() -> None:
    planned = conditions(configuration.load("stage2"))
    random, trained = planned[0].resolved, planned[3].resolved
    assert (random.finetune.init, random.finetune.size) == ("random", "1M")
    assert (trained.finetune.init, trained.finetune.size) == ("walker", None)
    assert (random.finetune.threshold, trained.finetune.threshold) == (0.5, 0.8)
    assert random.finetune.runs == ("somewhere",)
    assert random.finetune.samples == 8
    assert random.seed == trained.seed  # of the same repeat
    assert planned[6].resolved.seed != random.seed
    assert random.finetune.temperature == configuration.load("stage2").finetune.temperature


@pytest.mark.parametrize(
    ("setting", "value", "differs"),
    [
        ("finetune.optimiser.steps", "7", True),
        ("finetune.temperature", "0.9", True),
        ("seed", "3", True),
        ("conditional.batch", "12", False),
        ("finetune.runs", '["elsewhere"]', False),
    ],
)
def test_what_decides_an_outcome_is_in_its_description(setting, value, differs) -> None:
    usual = [each.describe() for each in conditions(configuration.load("stage2"))]
    changed = configuration.load("stage2", [(setting, value)])
    assert ([each.describe() for each in conditions(changed)] != usual) == differs


def test_other_programs_are_another_condition_and_no_path_is_told() -> None:
    config = configuration.load("stage2")
    one, other = conditions(config)[0].describe(), conditions(config, told="y")[0].describe()
    assert one != other
    assert "somewhere" not in str(one)
