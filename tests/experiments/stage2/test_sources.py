import json

import pytest

from elmjax import config as configuration
from elmjax.config import ConfigError
from elmjax.experiments.stage2 import sources

CONFIG = configuration.load("stage2")


@pytest.fixture
def run(tmp_path):
    """The folder of a finished run of stage 1 that found nothing."""

    def make(name: str, seed_program: str, seconds: float = 1.0):
        folder = tmp_path / name
        (folder / "evolve-tree").mkdir(parents=True)
        (folder / "evolve-tree" / "summary.json").write_text(json.dumps({"seconds": seconds}))
        own = [
            ("evolve.outside_grid", "reject"),
            ("evolve.seed_programs", f'["{seed_program}"]'),
            ("evolve.operators", '["tree"]'),
        ]
        (folder / "config.toml").write_text(configuration.dump(configuration.load(None, own)))
        return folder

    return make


def test_the_papers_seeds_are_learned_and_radial_is_kept_for_a_test() -> None:
    conditions = sources.evolutions("tree", 100, 2, CONFIG, with_unseen=True)
    assert [(each.column, each.repeat) for each in conditions] == [
        ("square", 0),
        ("cppn_fixed", 0),
        ("cppn_mutable", 0),
        ("square", 1),
        ("cppn_fixed", 1),
        ("cppn_mutable", 1),
        ("radial", 0),
    ]
    without = sources.evolutions("tree", 100, 1, CONFIG, with_unseen=False)
    assert [each.column for each in without] == ["square", "cppn_fixed", "cppn_mutable"]
    assert sources.announced(without).told["runs"] == ["square 0", "cppn_fixed 0", "cppn_mutable 0"]


def test_given_runs_of_radial_are_kept_for_a_test(run) -> None:
    square, radial = run("a", "square"), run("b", "radial")
    programs = sources.given([radial, square], CONFIG)
    assert programs.folders == (square.resolve(),)
    assert programs.unseen == (radial.resolve(),)
    assert set(programs.told) == {"a/tree", "b/tree"}
    with pytest.raises(ConfigError, match="--histories: got runs from radial alone"):
        sources.given([radial], CONFIG)


def test_another_run_in_the_same_folder_is_told_apart(run, tmp_path) -> None:
    told = sources.given([run("a", "square", seconds=1.0)], CONFIG).told
    (tmp_path / "a" / "evolve-tree" / "summary.json").write_text('{"seconds": 2.0}')
    assert sources.given([tmp_path / "a"], CONFIG).told != told
