"""Every stage on its predecessor's real output, stopped and resumed."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from elmjax.config import ConfigError, load, load_dumped, named_configs
from elmjax.lm import store
from elmjax.lm.hub import is_hub_name
from elmjax.qd import History
from elmjax.stages import conditional, evolve, finetune, learn, pipeline
from elmjax.stages.evolve import open_found
from elmjax.stages.histories import find_sources
from elmjax.stages.run import Run


@pytest.fixture(scope="module")
def finished(small_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return folder, pipeline.run_all(folder, small_config)


def history(folder, operator: str) -> pd.DataFrame:
    return History.open(folder / f"evolve-{operator}" / "history").frame()


def test_a_run_leaves_what_it_promises(finished, small_config) -> None:
    folder, summary = finished
    for name in ("archive-diff", "archive-tree", "best-tree", "evolution", "finetune", "rewards"):
        assert (folder / "pictures" / f"{name}.png").stat().st_size > 5000
    assert (folder / "config.toml").exists()
    assert "Stage 3" in (folder / "summary.txt").read_text()
    assert set(summary) == {"evolve", "finetune", "conditional"}
    assert set(summary["conditional"]) == set(small_config.conditional.terrains)


def test_terrains_of_all_kinds_have_rewards_under_their_names(
    finished, small_config, terrain_file
) -> None:
    folder, summary = finished
    metrics = pd.read_json(folder / "metrics.jsonl", lines=True)
    rewards = metrics[metrics["stage"] == "conditional"]
    for name in ("left_wall", "rough1", str(terrain_file)):
        assert rewards[[f"reward_{name}", f"reward_{name}_low", f"reward_{name}_high"]].size == 6
        assert len(summary["conditional"][name]["before"]) == 3
    samples = pd.read_parquet(folder / "conditional" / "samples.parquet")
    assert set(samples["terrain"]) == set(small_config.conditional.terrains)
    assert str(terrain_file) in (folder / "summary.txt").read_text().replace("\n", "")


@pytest.mark.parametrize("terrains", [("pit", "pit_low"), ("flat", "scale")])
def test_terrains_that_would_share_a_column_are_refused(small_config, tmp_path, terrains) -> None:
    own = {name: {"like": "gaps"} for name in ("pit", "pit_low", "scale")}
    conditional_config = dataclasses.replace(small_config.conditional, terrains=terrains)
    config = dataclasses.replace(small_config, terrain=own, conditional=conditional_config)
    with pytest.raises(ConfigError, match=r"take the column 'reward_\w+' of the metrics log twice"):
        pipeline.open_run(
            tmp_path / "mine",
            dataclasses.replace(config, evolve=dataclasses.replace(config.evolve, terrain="flat")),
        )
    assert not (tmp_path / "mine").exists()


def test_history_holds_every_child_and_only_true_parents(finished, small_config) -> None:
    folder, summary = finished
    rows = history(folder, "tree")
    wanted = 1 + small_config.evolve.iterations * 4 * 4
    assert len(rows) == wanted == summary["evolve"]["tree"]["evaluations"]
    admitted = set(rows.loc[rows["admitted"], "id"])
    assert set(rows["parent"]) - {-1} <= admitted
    assert rows.loc[rows["outcome"] != "ok", "fitness"].isna().all()
    assert (rows.loc[rows["outcome"] == "ok", "fitness"] >= 0).all()


def test_metrics_tell_what_either_order_of_admission_would_admit(finished) -> None:
    numbers = pd.read_json(finished[0] / "metrics.jsonl", lines=True)
    tree = numbers[numbers["stage"] == "evolve-tree"]
    assert (tree["admitted"] == tree["admitted_sequential"]).all()  # the default
    assert (tree["admitted_batch"] >= tree["admitted_sequential"]).all()


def test_children_of_the_diff_model_that_do_not_apply_have_no_program(finished) -> None:
    rows = history(finished[0], "diff")
    failed = rows[(rows["operator"] == "diff") & (rows["program"] == "")]
    assert len(failed) > 0
    assert not failed["admitted"].any()
    assert "ok" not in set(failed["outcome"])


def test_stage_2_learns_only_admitted_programs_and_holds_some_out(finished) -> None:
    folder, summary = finished
    dataset = finetune.load_dataset(Run.open(folder, load_dumped(folder / "config.toml")))
    train, test = set(dataset.train["program"]), set(dataset.test["program"])
    assert not train & test
    both = [history(folder, operator) for operator in ("diff", "tree")]
    admitted = {p for rows in both for p in rows.loc[rows["admitted"], "program"]}
    assert train | test == admitted
    assert summary["finetune"]["programs"] == len(dataset.train)
    assert (folder / "finetune" / "dataset" / "README.md").exists()


def test_elites_of_the_history_are_those_of_the_archive(finished) -> None:
    folder, _ = finished
    run = Run.open(folder, load_dumped(folder / "config.toml"))
    for source in find_sources([folder]):
        archive = open_found(run, source.operator).archive
        elites = source.elites(source.admissions())
        assert sorted(elites) == sorted(archive.elite[archive.occupied].tolist())


def test_stage_2_keeps_the_models_of_the_lowest_losses(finished, fingerprint) -> None:
    folder, summary = finished
    log = pd.read_json(folder / "metrics.jsonl", lines=True)
    log = log[log["stage"] == "finetune"]
    for name in ("train_loss", "test_loss"):
        kept = summary["finetune"][f"best_{name}"]
        # The log counts steps from 0 and measures after each.
        assert kept == {"step": int(log[name].idxmin() - log.index[0]) + 1, "loss": log[name].min()}
    chosen, best_model = (
        store.load(folder / "finetune" / name) for name in ("model", "best/train_loss")
    )
    assert fingerprint(chosen) == fingerprint(best_model)


def test_stage_2_resumed_is_stage_2_unbroken(
    finished, small_config, tmp_path, stopping, fingerprint
) -> None:
    folder, summary = finished
    for stage in ("evolve-diff", "evolve-tree"):
        (tmp_path / stage).symlink_to(folder / stage)
    (tmp_path / "config.toml").write_text((folder / "config.toml").read_text())
    with stopping(learn, "_choose", 3):  # one step after the checkpoint at 2
        finetune.finetune(Run.open(tmp_path, small_config))
    again = finetune.finetune(Run.open(tmp_path, small_config))
    for name in ("train_loss", "test_loss", "best_train_loss", "best_test_loss", "qd_score"):
        assert again[name] == summary["finetune"][name]
    models = [store.load(path / "finetune" / "model") for path in (folder, tmp_path)]
    assert fingerprint(models[0]) == fingerprint(models[1])


def test_a_finished_run_is_not_done_again(finished, small_config, monkeypatch) -> None:
    folder, summary = finished
    for owner, name in ((evolve, "_iterate"), (conditional.Trainer, "iterate")):
        monkeypatch.setattr(owner, name, lambda *_: pytest.fail("done again"))
    assert pipeline.run_all(folder, small_config) == summary


@pytest.mark.parametrize("operator", ["diff", "tree"])
def test_evolution_resumed_is_evolution_unbroken(
    finished, small_config, tmp_path, stopping, operator
) -> None:
    with stopping(evolve, "_iterate", 3):  # one iteration after the checkpoint at 2
        evolve.evolve(Run.open(tmp_path, small_config), operator)
    evolve.evolve(Run.open(tmp_path, small_config), operator)
    pd.testing.assert_frame_equal(history(tmp_path, operator), history(finished[0], operator))
    metrics = pd.read_json(tmp_path / "metrics.jsonl", lines=True)
    assert metrics["step"].tolist() == [0, 1, 2, 3]


def test_ppo_resumed_is_ppo_unbroken(finished, small_config, tmp_path, stopping) -> None:
    folder, summary = finished
    for stage in ("evolve-diff", "evolve-tree", "finetune"):
        (tmp_path / stage).symlink_to(folder / stage)
    (tmp_path / "config.toml").write_text((folder / "config.toml").read_text())
    with stopping(conditional.Trainer, "iterate", 1):
        conditional.conditional(Run.open(tmp_path, small_config))
    assert conditional.conditional(Run.open(tmp_path, small_config)) == summary["conditional"]


def test_losses_of_stage_2_are_finite_and_fall_on_what_it_learns(finished) -> None:
    loss = finished[1]["finetune"]["train_loss"]
    assert np.isfinite(loss["before"])
    assert loss["after"] < loss["before"]


def test_another_configuration_does_not_continue_the_run(finished, small_config) -> None:
    other = dataclasses.replace(small_config, seed=1)
    with pytest.raises(ConfigError, match="run of another configuration"):
        Run.open(finished[0], other)


def test_a_folder_of_something_else_is_left_alone(tmp_path, small_config) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ConfigError, match="not empty and holds no run"):
        Run.open(tmp_path, small_config)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_stages_say_which_stage_they_miss(tmp_path, small_config) -> None:
    run = Run.open(tmp_path, small_config)
    with pytest.raises(ConfigError, match="run elmjax evolve first"):
        finetune.finetune(run)
    with pytest.raises(ConfigError, match="run elmjax finetune first"):
        conditional.conditional(run)


@pytest.mark.parametrize("name", named_configs())
def test_a_configuration_that_ships_is_not_refused(name) -> None:
    config = load(name)
    if is_hub_name(config.evolve.model):
        pytest.skip("names a model of the hub; tests/stages/test_families.py runs it on a tiny one")
    pipeline.check(config)
