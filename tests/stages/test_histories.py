"""Runs as sources of the dataset, and the dataset of several of them."""

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest

from elmjax import cli
from elmjax import config as configuration
from elmjax.config import ConfigError
from elmjax.dataset import family
from elmjax.stages import finetune, programs
from elmjax.stages.evolve import evolve
from elmjax.stages.histories import find_sources
from elmjax.stages.run import Run


def small(seed_program: str, **settings: str) -> configuration.Config:
    own = {
        "seconds": "0.5",
        "evolve.operators": '["tree"]',
        "evolve.seed_programs": f'["{seed_program}"]',
        "evolve.iterations": "2",
        "evolve.parents": "4",
        "evolve.children": "8",
    }
    return configuration.load(None, list((own | settings).items()))


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    for name in ("square", "radial", "cppn_fixed"):
        with Run.open(folder / name, small(name)) as run:
            evolve(run, "tree")
    return {path.name: path for path in folder.iterdir()}


def test_radial_is_left_out_where_others_remain(runs) -> None:
    config = small("square", **{"finetune.threshold": "0.0"})
    several = programs.collect(config, [runs["square"], runs["radial"], runs["cppn_fixed"]])
    both = pd.concat([several.dataset.train, several.dataset.test])
    assert set(both["run"]) == {"square/tree", "cppn_fixed/tree"}
    assert set(both["seed"]) == {"square", "cppn_fixed"}
    alone = programs.collect(config, [runs["radial"]])
    assert set(alone.dataset.train["seed"]) == {"radial"}


def test_the_threshold_is_of_the_best_over_all_runs(runs) -> None:
    config = small("square", **{"finetune.threshold": "0.8", "finetune.test_share": "0"})
    folders = [runs["square"], runs["cppn_fixed"]]
    kept = programs.collect(config, folders).dataset.train
    rows = pd.concat([source.admissions() for source in find_sources(folders)])
    best = rows[rows["admitted"]].groupby("cell")["fitness"].max()
    assert len(kept) > 5
    assert (kept["fitness"] >= 0.8 * kept["cell"].map(best)).all()


def test_equal_bodies_and_final_maps(runs) -> None:
    folders = [runs["square"], runs["cppn_fixed"]]
    base = {"finetune.threshold": "0.0", "finetune.test_share": "0"}

    def kept(**settings: str) -> pd.DataFrame:
        config = small("square", **base, **settings)
        return programs.collect(config, folders).dataset.train

    texts, bodies = kept(), kept(**{"finetune.duplicates": '"body"'})
    assert bodies["body"].is_unique
    assert set(bodies["program"]) <= set(texts["program"])
    final = kept(**{"finetune.programs": '"final"'})
    assert len(final) < len(texts)
    assert not final.duplicated(["run", "cell"]).any()  # an elite for each niche of each run
    best = texts.groupby(["run", "cell"])["fitness"].max()
    pairs = zip(final["run"], final["cell"], strict=True)
    assert final["fitness"].tolist() == [best[pair] for pair in pairs]


def test_the_fine_tuned_operator_alone_counts_where_a_run_has_one(runs, tmp_path) -> None:
    config = small("square", **{"evolve.operators": '["diff", "tree"]', "operator.rounds": "1"})
    for operator in ("diff", "tree"):
        (tmp_path / f"evolve-{operator}").mkdir()
        (tmp_path / f"evolve-{operator}" / "summary.json").write_text("{}")
    (tmp_path / "config.toml").write_text(configuration.dump(config))
    assert [source.operator for source in find_sources([tmp_path])] == ["diff"]
    assert [source.operator for source in find_sources([tmp_path], ["tree"])] == ["tree"]


def test_runs_that_do_not_compare_are_refused(runs, tmp_path) -> None:
    other = dataclasses.replace(small("square"), seconds=1.0)
    learns = dataclasses.replace(other.finetune, runs=(str(runs["square"]),))
    (tmp_path / "evolve-tree").mkdir()
    (tmp_path / "evolve-tree" / "summary.json").write_text("{}")
    (tmp_path / "config.toml").write_text(configuration.dump(other))
    with pytest.raises(ConfigError, match="has another seconds than square/tree"):
        find_sources([runs["square"], tmp_path])
    with (
        Run.open(tmp_path / "own", dataclasses.replace(other, finetune=learns)) as run,
        pytest.raises(ConfigError, match="square/tree has another seconds than own"),
    ):
        finetune.make_dataset(run)
    with pytest.raises(ConfigError, match="holds no run"):
        find_sources([tmp_path / "nothing"])
    with pytest.raises(ConfigError, match=r"finetune\.operators: got diff, wanted one of"):
        find_sources([runs["square"]], ["diff"])


def test_the_command_writes_what_others_read(runs, tmp_path, capsys) -> None:
    output = tmp_path / "walkers"
    words = ["dataset", "--run", str(runs["square"]), "--run", str(runs["cppn_fixed"])]
    words += ["--threshold", "0", "--test-share", "0.2", "--trajectories", "--output", str(output)]
    assert cli.main(words) == 0
    train, test = (
        pd.read_parquet(output / "data" / f"{name}-00000-of-00001.parquet")
        for name in ("train", "test")
    )
    assert not set(train["program"].map(family)) & set(test["program"].map(family))
    assert f"{len(train):>10,}  to learn from" in capsys.readouterr().out
    asked = pd.read_parquet(output / "trajectories" / "train-00000-of-00001.parquet")
    assert len(asked) == len(train)
    assert not {"prompt", "completion", "reward"} - set(asked)
    card = (output / "README.md").read_text()
    assert str(runs["square"].parent) not in card  # no path of this machine
    assert cli.main(words) == 2
    assert "is there already; give another folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--threshold", "2"], "finetune.threshold: got 2, wanted less than or equal to 1"),
        (["--test-share", "1.0"], "got "),
    ],
)
def test_wrong_uses_are_told_and_write_nothing(runs, tmp_path, capsys, words, said) -> None:
    output = tmp_path / "walkers"
    command = ["dataset", "--run", str(runs["square"]), "--output", str(output), *words]
    assert cli.main(command) == 2
    assert said in capsys.readouterr().err
    assert not output.exists()


def test_a_program_that_two_runs_found_tells_both_names_apart(runs, tmp_path) -> None:
    twin = tmp_path / "square"
    (twin / "evolve-tree").mkdir(parents=True)
    (twin / "evolve-tree" / "summary.json").write_text(json.dumps({}))
    (twin / "config.toml").write_text(configuration.dump(small("square")))
    names = [source.name for source in find_sources([runs["square"], twin])]
    assert names == ["square/tree", "square-2/tree"]
