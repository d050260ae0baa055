import pandas as pd
import pytest
import yaml

from elmjax.dataset import Dataset, Provenance, admitted_programs, folder, write_card, write_dataset
from elmjax.dataset.card import niche_counts


@pytest.fixture
def dataset(history):
    rows = admitted_programs({"run": history(*((f"p{i}", float(i), i % 3) for i in range(9)))})
    return Dataset(train=rows[:7], test=rows[7:])


@pytest.fixture
def card(dataset):
    provenance = Provenance(
        runs={"run": {"operator": "tree"}},
        rules={"threshold": "50%"},
        niches=1728,
        counts={"ever admitted": 9},
    )
    return write_card(dataset, provenance, trajectories=True)


def test_the_head_of_the_card_names_files_that_are_there(dataset, card, tmp_path) -> None:
    tables = {"data/train": dataset.train, "data/test": dataset.test}
    tables |= {f"trajectories/{path.partition('/')[2]}": part for path, part in tables.items()}
    write_dataset(tmp_path / "out", card, tables, niche_counts(dataset))
    head = yaml.safe_load((tmp_path / "out" / "README.md").read_text().split("---\n")[1])
    # What `datasets.load_dataset(FOLDER, NAME)` reads: configurations, splits, glob patterns.
    found = {
        (config["config_name"], part["split"]): sorted((tmp_path / "out").glob(part["path"]))
        for config in head["configs"]
        for part in config["data_files"]
    }
    assert [len(pd.read_parquet(paths[0])) for paths in found.values()] == [7, 2, 7, 2]
    assert list(found) == [
        (name, part) for name in ("default", "trajectories") for part in ("train", "test")
    ]
    assert [config.get("default") for config in head["configs"]] == [True, None]
    assert head["size_categories"] == ["n<1K"]


def test_the_card_counts_programs_of_niches(dataset, card) -> None:
    assert "3 of 1,728 are inhabited, by 3 to 3 programs" in card
    counts = niche_counts(dataset)
    assert counts[["cell", "train", "test", "best"]].to_numpy().tolist() == [
        [0, 3, 0, 6.0],
        [1, 2, 1, 7.0],
        [2, 2, 1, 8.0],
    ]


def test_parts_are_read_back_in_order(dataset, card, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(folder, "ROWS_PER_FILE", 3)
    tables = {"data/train": dataset.train, "data/test": dataset.test[:0]}
    write_dataset(tmp_path / "out", card, tables, niche_counts(dataset))
    names = sorted(path.name for path in (tmp_path / "out" / "data").glob("train*"))
    assert names == [f"train-0000{i}-of-00003.parquet" for i in range(3)]
    pd.testing.assert_frame_equal(folder.read_split(tmp_path / "out", "train"), dataset.train)
    assert len(folder.read_split(tmp_path / "out", "test")) == 0
    with pytest.raises(FileNotFoundError, match="holds no split 'other'"):
        folder.read_split(tmp_path / "out", "other")
