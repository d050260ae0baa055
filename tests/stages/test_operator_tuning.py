"""Initial runs, fine-tuning and rerun, with a mutator that every bit of the weights decides."""

import dataclasses
import json
import typing

import numpy as np
import pandas as pd
import pytest

from elmjax import corpus
from elmjax.config import ConfigError, Guard, OperatorTuning, Optimiser
from elmjax.config.schema import Seed
from elmjax.programs import SEEDS, SPATIAL_SEEDS
from elmjax.qd import History
from elmjax.stages import collapse, continual, evolve, learn, operator_tuning, pipeline
from elmjax.stages.operator_tuning import PAPER_QD_RATIO, check, evolve_tuned
from elmjax.stages.run import Run, language_model

OPTIMISER = Optimiser(steps=2, learning_rate=1e-2, warmup=1, rows=2, row_length=1024)
EASY = Guard(parents=2, children=2, unique=0.0, divergence=1e9)
STRICT = dataclasses.replace(EASY, divergence=1e-12, retreats=0)


@pytest.fixture(autouse=True, scope="module")
def able(able_mutator):
    with pytest.MonkeyPatch.context() as patch:
        for module in (collapse, continual, operator_tuning):
            patch.setattr(module, "language_mutator", able_mutator)
        yield


@pytest.fixture(scope="module")
def make_config(small_config):
    def make(**changes):
        settings = {"rounds": 1, "optimiser": OPTIMISER, "guard": EASY, "replay": 0.0}
        search = dataclasses.replace(small_config.evolve, operators=("diff",), iterations=3)
        operator = OperatorTuning(**{**settings, **changes})
        return dataclasses.replace(small_config, evolve=search, operator=operator)

    return make


@pytest.fixture(scope="module")
def finished(tmp_path_factory, make_config):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with Run.open(folder, make_config()) as run:
        return folder, pipeline.stage_1(run)


def history(folder) -> pd.DataFrame:
    return History.open(folder / "evolve-diff" / "history").frame()


def test_base_and_tuned_model_run_alike_but_for_the_weights(finished) -> None:
    folder, summary = finished
    base, tuned = history(folder / "operator" / "base"), history(folder)
    assert len(base) == len(tuned) == 1 + 3 * 4 * 4
    pd.testing.assert_frame_equal(base[:1], tuned[:1])  # the same seed program
    assert base["program"].tolist() != tuned["program"].tolist()
    # Parents are drawn alike as long as only the seed is there.
    assert (base["parent"][1:17] == tuned["parent"][1:17]).all()
    assert summary["evolve"]["diff"]["evaluations"] == len(tuned)


def test_the_summary_sets_both_side_by_side(finished) -> None:
    folder, summary = finished
    compared = summary["operator"]
    for name, rows in (("base", history(folder / "operator" / "base")), ("tuned", history(folder))):
        best = rows.loc[rows["admitted"]].groupby("cell")["fitness"].max()
        assert compared["niches"][name] == len(best)
        assert compared["qd_score"][name] == pytest.approx(best.sum())
    scores = compared["qd_score"]
    assert scores["ratio"] == pytest.approx(scores["tuned"] / scores["base"])
    assert scores["paper"] == 1.76
    accepted = history(folder / "operator" / "base")["admitted"].sum() - 1  # but for the seed
    assert compared["accepted_diffs"] == accepted
    assert (compared["tunings"], compared["refused"], compared["weakened"]) == (1, 0, 0)
    assert json.loads((folder / "operator" / "summary.json").read_text()) == compared


def test_published_ratios_are_those_of_the_published_scores() -> None:
    pretrained = {"square": 371.6, "radial": 671.2, "cppn_fixed": 453.3, "cppn_mutable": 605.1}
    tuned = {"square": 655.6, "radial": 1072.0, "cppn_fixed": 784.0, "cppn_mutable": 916.3}
    for seed, ratio in PAPER_QD_RATIO.items():
        assert ratio == pytest.approx(tuned[seed] / pretrained[seed], abs=0.005)
    assert set(PAPER_QD_RATIO) == set(SEEDS) == set(typing.get_args(Seed)) - set(SPATIAL_SEEDS)


def test_a_finished_run_is_not_done_again(finished, make_config, monkeypatch) -> None:
    folder, summary = finished
    for module, name in ((evolve, "_iterate"), (learn, "_choose"), (collapse, "guarded")):
        monkeypatch.setattr(module, name, None)
    with Run.open(folder, make_config()) as run:
        assert pipeline.stage_1(run) == summary


@pytest.mark.parametrize(
    ("module", "name", "calls"),
    [
        (evolve, "_iterate", 1),  # in the base run
        (learn, "_choose", 1),
        (collapse, "_divergence", 0),
        (evolve, "_iterate", 5),  # in the rerun, after its checkpoint
    ],
)
def test_resumed_it_finds_what_it_finds_unbroken(
    finished, make_config, tmp_path, stopping, module, name, calls
) -> None:
    with Run.open(tmp_path / "run", make_config()) as run, stopping(module, name, calls):
        pipeline.stage_1(run)
    with Run.open(tmp_path / "run", make_config()) as run:
        summary = pipeline.stage_1(run)
    pd.testing.assert_frame_equal(history(tmp_path / "run"), history(finished[0]))
    assert summary["operator"] == finished[1]["operator"]


def test_a_refused_model_is_not_used(finished, make_config, tmp_path) -> None:
    with Run.open(tmp_path / "run", make_config(guard=STRICT, rounds=2)) as run:
        compared = evolve_tuned(run)
    # The run is that of the base model again, and there is no second round of the same.
    pd.testing.assert_frame_equal(history(tmp_path / "run"), history(finished[0] / "operator/base"))
    assert compared["qd_score"]["ratio"] == 1.0
    assert (compared["tunings"], compared["refused"]) == (1, 1)


def test_a_curriculum_and_further_rounds(make_config, tmp_path) -> None:
    config = make_config(rounds=2, initial_seeds=("cppn_fixed", "square"))
    with Run.open(tmp_path, config) as run:
        compared = evolve_tuned(run)
    folders = [tmp_path / "operator" / name for name in ("initial/cppn_fixed", "base")]
    assert history(folders[0])["program"][0] == SEEDS["cppn_fixed"]
    accepted = sum(history(folder)["admitted"].sum() - 1 for folder in folders)
    again = history(tmp_path / "operator" / "round-1" / "rerun")
    learned = [summary["accepted"] for summary in compared["rounds"]]
    assert learned == [accepted, again["admitted"].sum() - 1]
    models = [
        language_model(str(tmp_path / "operator" / f"round-{number}" / "model")).params
        for number in (1, 2)
    ]
    embeddings = [np.asarray(params["embedding"]["embedding"]) for params in models]
    assert not np.array_equal(*embeddings)


def test_rounds_and_updates_work_together(make_config, tmp_path) -> None:
    with Run.open(tmp_path, make_config(every=1, update=OPTIMISER)) as run:
        compared = evolve_tuned(run)
    # After the first of three iterations: a later update would be used by none of them.
    assert len(compared["updates"]) == 1
    assert compared["tunings"] == 2
    assert "Stage 1: fine-tuned diff model" in pipeline.closing_text({"operator": compared})


@pytest.mark.parametrize(
    ("search", "operator", "said"),
    [
        ({"operators": ("tree",)}, {}, "operator.rounds: got 1, wanted 0, or 'diff' among"),
        ({"operators": ("mixed",)}, {"rounds": 0, "every": 4}, "operator.every: got 4, wanted 0"),
        ({"format": "carper"}, {}, "evolve.format: got 'carper', wanted 'numbered'"),
        (
            {},
            {"optimiser": dataclasses.replace(OPTIMISER, accumulation=3)},
            "operator.optimiser.accumulation: got 3, wanted a divisor of the 2 rows",
        ),
        (
            {},
            {"every": 1, "update": dataclasses.replace(OPTIMISER, row_length=99)},
            r"operator.update.row_length: got 99, wanted at least \d+ tokens for square",
        ),
        (
            {"seed_programs": ("cppn_fixed",)},
            {
                "optimiser": dataclasses.replace(OPTIMISER, row_length=400),
                "initial_seeds": ("radial",),
            },
            r"operator.optimiser.row_length: got 400, wanted at least \d+ tokens for radial",
        ),
    ],
)
def test_what_cannot_be_tuned_is_refused_before_anything_is_written(
    make_config, tmp_path, search, operator, said
) -> None:
    config = make_config(**operator)
    config = dataclasses.replace(config, evolve=dataclasses.replace(config.evolve, **search))
    with pytest.raises(ConfigError, match=said):
        pipeline.open_run(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


def test_models_of_others_are_refused(make_config, monkeypatch) -> None:
    monkeypatch.setattr(operator_tuning, "knows_programs", lambda _: False)
    with pytest.raises(ConfigError, match=r"evolve.model: got .*, wanted a model of elmjax"):
        check(make_config())
    check(make_config(rounds=0))


def test_ordinary_functions_are_replayed_where_asked(make_config, tmp_path) -> None:
    config = make_config(replay=0.25, replay_parents=8, replay_functions=1.0)
    with Run.open(tmp_path / "run", config) as run:
        evolve_tuned(run)
    replayed = corpus.load(tmp_path / "run" / "operator" / "replay.parquet")
    assert len(replayed) >= 4
    assert not any("walker" in parent.program for parent in replayed)
