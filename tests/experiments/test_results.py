import json

import pytest

from elmjax.config import ConfigError
from elmjax.experiments.results import FILE, Results

ONE, OTHER = {"operator": "gp", "bugs": 1}, {"operator": "gp", "bugs": 2}


def test_what_is_kept_is_recalled_by_its_whole_condition(tmp_path) -> None:
    results = Results.open(tmp_path / "new" / "run", "bugs")
    assert results.recall(ONE) is None
    results.keep(ONE, {"fixed": (1, 2)})
    again = Results.open(tmp_path / "new" / "run", "bugs")
    assert again.recall(ONE) == {"fixed": [1, 2]}
    assert again.recall(OTHER) is again.recall(ONE | {"rate": 0.5}) is None


def test_rows_stand_in_the_order_in_which_they_were_asked_for(tmp_path) -> None:
    results = Results.open(tmp_path, "bugs")
    results.keep(ONE, {})
    results.keep(OTHER, {})
    results.recall(ONE)
    results.write()
    rows = Results.open(tmp_path, "bugs").rows
    assert [row["condition"] for row in rows] == [OTHER, ONE]


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds no experiment"):
        Results.open(tmp_path, "bugs")
    with pytest.raises(ConfigError, match="holds no experiment"):
        Results.open(tmp_path / "notes.txt", "bugs")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"experiment": "bugs"}'])
def test_a_file_of_something_else_is_refused(tmp_path, text) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match="holds no results"):
        Results.open(tmp_path, "bugs")


def test_another_experiment_is_refused(tmp_path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"experiment": "seeds", "rows": []}))
    with pytest.raises(ConfigError, match="results of 'seeds', wanted 'bugs'"):
        Results.open(tmp_path, "bugs")
