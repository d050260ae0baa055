"""The whole experiment with a tiny model, from the command line."""

import json

import pandas as pd
import pytest

from elmjax import cli

WORDS = (
    *("--thresholds", "0.01", "--samples", "4", "--completions", "2", "--orders", "2"),
    *(
        "--predictions",
        "2",
        "--repeats",
        "1",
        "--evaluations",
        "64",
        "--evolve.parents",
        "8",
        "--seconds",
        "0.5",
    ),
    *("--finetune.max_new_tokens", "16", "--finetune.test_share", "0.2"),
    *("--finetune.optimiser", "{steps = 2, learning_rate = 1e-3, rows = 2, row_length = 1024}"),
)


@pytest.mark.slow
def test_the_command_evolves_trains_asks_and_does_nothing_twice(
    tmp_path, model_folder, capsys
) -> None:
    folder = tmp_path / "stage2"
    model = str(model_folder)
    command = ["experiment", "stage2", "--run", str(folder), "--models", "0.1M", model]
    command += ["--model", model, *WORDS]
    assert cli.main(command) == 0
    rows = json.loads((folder / "results.json").read_text())["rows"]
    told = [(row["condition"]["line"], row["condition"].get("properties")) for row in rows]
    assert told == [
        *[("tree", None)] * 4,
        ("0.1M, random init", "none"),
        ("tiny, pre-trained", "none"),
        ("tiny, pre-trained", "prefix"),
        ("tiny, pre-trained", "postfix"),
    ]
    assert len(json.loads((folder / "plan.json").read_text())) == 8
    assert str(tmp_path) not in (folder / "table.md").read_text()
    losses = [row["values"]["test_loss"] for row in rows if "test_loss" in row["values"]]
    assert len(losses) == 4
    for name in ("loss", "samples", "completion", "properties"):
        assert (folder / f"{name}.png").exists()
    # What the model that learned orders must not know is nowhere among what it learned.
    (path,) = folder.glob("runs/tiny-1-prefix-*")
    learned = json.loads((path / "finetune" / "summary.json").read_text())["programs"]
    train = pd.read_parquet(path / "finetune/dataset/data/train-00000-of-00001.parquet")
    assert learned < len(train)
    capsys.readouterr()
    before = (folder / "results.json").read_text()
    assert cli.main(command) == 0
    assert "steps" not in capsys.readouterr().out
    assert (folder / "results.json").read_text() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--models", "none-such"],
            "model: got 'none-such', wanted a folder, owner/name or one of general, walker",
        ),
        (["--histories", "none-such"], "holds no run, wanted one with a finished stage 1"),
        (["--finetune.temperature", "0"], "finetune.temperature: got 0"),
    ],
)
def test_wrong_uses_are_told_before_anything_is_run(words, said, tmp_path, capsys) -> None:
    folder = tmp_path / "stage2"
    assert cli.main(["experiment", "stage2", "--run", str(folder), *words]) == 2
    assert said in capsys.readouterr().err
    assert not folder.exists()
