"""The search itself: when parents are drawn, from what seeds, and by which operators."""

import time
from dataclasses import replace

import pandas as pd
import pytest

from elmjax.config import ConfigError
from elmjax.programs import SEEDS, canonical
from elmjax.stages import evolve as stage
from elmjax.stages.evolve import evolve, open_found
from elmjax.stages.run import Run


def configured(small_config, **settings):
    search = replace(small_config.evolve, terrain="flat", iterations=6, **settings)
    return replace(small_config, evolve=search)


def rows_of(folder, config, operator: str = "tree") -> pd.DataFrame:
    with Run.open(folder, config) as run:
        evolve(run, operator)
        return open_found(run, operator).history.frame()


@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_parents_come_from_the_archive_of_so_many_iterations_before(
    small_config, tmp_path, ahead
) -> None:
    rows = rows_of(tmp_path, configured(small_config, ahead=ahead, parents=8))
    born = rows.set_index("id")["step"]
    children = rows[rows["parent"] >= 0]
    age = children["step"] - children["parent"].map(born)
    of_seed = children["parent"] == 0
    assert (age[~of_seed] > ahead).all()
    # The bound is reached: nothing waits longer than it must.
    assert (age[~of_seed] == ahead + 1).any()


def test_the_result_does_not_depend_on_who_is_slow(small_config, tmp_path, monkeypatch) -> None:
    config = configured(small_config, ahead=2)
    quick = rows_of(tmp_path / "quick", config)
    make, iterate = stage._make, stage._iterate

    def make_slowly(search, draw):
        time.sleep(0.05 * (draw.iteration % 2))
        return make(search, draw)

    def iterate_slowly(search, line):
        time.sleep(0.05 * (len(line.drawn) % 2))
        return iterate(search, line)

    monkeypatch.setattr(stage, "_make", make_slowly)
    monkeypatch.setattr(stage, "_iterate", iterate_slowly)
    pd.testing.assert_frame_equal(rows_of(tmp_path / "slow", config), quick)


@pytest.mark.parametrize(("operator", "ahead"), [("bandit", 2), ("mixed", 0)])
def test_a_search_of_several_operators_resumes_as_if_unbroken(
    small_config, tmp_path, stopping, operator, ahead
) -> None:
    mix = {"tree": 1.0, "diff": 1.0, "rewrite": 0.0, "crossover": 0.0}
    config = configured(small_config, ahead=ahead, mix=mix)
    unbroken = rows_of(tmp_path / "unbroken", config, operator)
    assert set(unbroken["operator"]) == {"seed", "tree", "diff"}
    with stopping(stage, "_iterate", 3):  # one iteration after the checkpoint at 2
        rows_of(tmp_path / "broken", config, operator)
    pd.testing.assert_frame_equal(rows_of(tmp_path / "broken", config, operator), unbroken)


def test_evolution_may_start_from_several_programs(small_config, tmp_path) -> None:
    config = configured(small_config, seed_programs=("radial", "square"), parents=8)
    rows = rows_of(tmp_path, config)
    seeds = rows[rows["parent"] == -1]
    assert seeds["id"].tolist() == [0, 1]
    assert seeds["program"].tolist() == [canonical(SEEDS[name]) for name in ("radial", "square")]
    assert seeds["admitted"].all()  # a wheel and a square are not in one niche
    assert {0, 1} <= set(rows["parent"])


def test_a_seed_that_does_not_walk_is_refused_by_name(small_config, tmp_path) -> None:
    still = tmp_path / "still.py"
    still.write_text("def make_walker():\n    return 3\n")
    config = configured(small_config, seed_programs=("square", str(still)))
    with pytest.raises(ConfigError, match=r"evolve.seed_programs: .*still.py is "):
        rows_of(tmp_path / "run", config)


def test_the_log_tells_where_the_time_goes_and_who_wrote_what(small_config, tmp_path) -> None:
    config = configured(small_config)
    rows_of(tmp_path, config, "mixed")
    log = pd.read_json(tmp_path / "metrics.jsonl", lines=True)
    parts = ["waiting", "physics", "confirmation", "admission"]
    spent = sum(log[f"{part}_seconds"] for part in parts)
    assert spent.tolist() == pytest.approx(log["iteration_seconds"].tolist())
    assert (log[["mutation_seconds", "program_seconds"]] > 0).all(axis=None)
    children = log[["operator.diff.children", "operator.tree.children"]]
    assert (children == config.evolve.parents * config.evolve.children / 2).all(axis=None)
