import pandas as pd
import pytest

from elmjax import config as configuration
from elmjax.evaluate import Evaluation
from elmjax.programs import SEEDS, ProgramPool, Verdict, canonical
from elmjax.stages.samples import Sample
from elmjax.stages.worth import worth_of_programs, worth_of_samples

CONFIG = configuration.load()
SQUARE = canonical(SEEDS["square"])


@pytest.fixture(scope="module")
def body():
    with ProgramPool(workers=1) as pool:
        return pool.run([SQUARE])[0].body


@pytest.fixture
def sample(body):
    def make(program: str, fitness: float | None) -> Sample:
        if fitness is None:
            return Sample(
                program=program, evaluation=Evaluation(verdict=Verdict.SYNTAX, reason="no")
            )
        walked = Evaluation(verdict=Verdict.OK, reason="", body=body, fitness=fitness)
        return Sample(program=program, evaluation=walked)

    return make


def test_novelty_counts_different_unknown_programs_that_walk(sample) -> None:
    known = {"f(1)\n"}
    samples = [
        sample("f(1)  # known, but for its comment", 1.0),
        sample("f(2)", 3.0),  # new in numbers only
        sample("f(2)", 3.0),
        sample("g(2)", 2.0),
        sample("h(", None),
    ]
    worth = worth_of_samples(CONFIG, samples, known)
    assert worth["valid_samples"] == 4 / 5
    assert worth["novel_samples"] == 2 / 5
    assert worth["novel_families"] == 1 / 5
    # All have the same body, so one niche holds the best.
    assert (worth["niches"], worth["qd_score"], worth["best"]) == (1, 3.0, 3.0)
    assert worth["coverage"] == 1 / 1728


def test_no_walkers_fill_no_niche(sample) -> None:
    worth = worth_of_samples(CONFIG, [sample("h(", None)], set())
    assert (worth["valid_samples"], worth["niches"], worth["qd_score"]) == (0.0, 0, 0.0)


def test_the_dataset_fills_an_archive_with_as_many_programs() -> None:
    rows = pd.DataFrame(
        {"fitness": [1.0, 2.0, 4.0], "height": [1.0, 1.0, 9.0], "width": 1.0, "mass": 30.0}
    )
    assert worth_of_programs(CONFIG, rows, 3, seed=0)["qd_score"] == 6.0
    assert worth_of_programs(CONFIG, rows, 1, seed=0)["niches"] == 1
    assert worth_of_programs(CONFIG, rows, 50, seed=0)["niches"] == 2  # with replacement
