"""The search over words: fitness is the number of letters a, the niche is the length."""

import random

import numpy as np
import pytest

from elmjax.mutators import from_rewriting
from elmjax.qd import Grid, Rule
from elmjax.search import Domain, Score, map_elites

GRID = Grid(names=("length",), units=("",), lower=(0.0,), upper=(10.0,), bins=(10,))


def grow(program: str, rng: random.Random) -> str | None:
    return None if rng.random() < 0.2 else program + rng.choice("ab")


def evaluate(programs):
    return [
        Score(outcome="too_long", reason="ten letters or more")
        if len(program) >= 10
        else Score(fitness=program.count("a"), measures=(len(program),))
        for program in programs
    ]


@pytest.fixture(scope="module")
def domain():
    return Domain(name="words", seeds=["b", "a" * 12], grid=GRID, evaluate=evaluate)


@pytest.fixture(scope="module")
def found(domain):
    return map_elites(domain, from_rewriting(grow), iterations=30, parents=4, children=4, seed=3)


def test_every_niche_holds_the_best_there_is(found) -> None:
    # Words start with the seed's b; in the best of n letters the others are all a.
    assert found.archive.objective[1:].tolist() == list(range(9))
    assert np.isnan(found.archive.objective[0])
    assert found.best == "baaaaaaaa"
    assert found.elites["program"].iloc[0] == found.best


def test_every_program_is_in_the_history_with_what_became_of_it(found) -> None:
    history = found.history
    assert history["id"].tolist() == list(range(2 + 30 * 16))
    assert set(history["outcome"]) == {"ok", "too_long", "no_change"}
    for row in history[history["operator"] != "seed"].itertuples():
        parent = found.program(row.parent)
        assert row.parent < row.id
        assert row.program == "" if row.outcome == "no_change" else row.program[:-1] == parent
    assert history.loc[history["outcome"] == "ok", "length"].tolist() == [
        len(row) for row in history.loc[history["outcome"] == "ok", "program"]
    ]
    line = found.lineage(int(found.archive.elite[9]))
    assert [len(found.program(id)) for id in line] == list(range(1, 10))


def test_the_curve_follows_every_iteration_and_never_falls(found) -> None:
    scores = [metrics.qd_score for metrics in found.curve]
    assert len(scores) == 31
    assert scores == sorted(scores)


def test_the_same_seed_gives_the_same_search(domain, found) -> None:
    again = map_elites(domain, from_rewriting(grow), iterations=30, parents=4, children=4, seed=3)
    assert again.rows == found.rows or again.history.equals(found.history)
    other = map_elites(domain, from_rewriting(grow), iterations=30, parents=4, children=4, seed=4)
    assert not other.history.equals(found.history)


def test_a_rule_of_ones_own_admits(domain) -> None:
    batch = map_elites(
        domain, from_rewriting(grow), iterations=2, rule=Rule(order="batch"), after=seen.append
    )
    assert batch.archive.rule.order == "batch"
    assert len(seen) == 3
    assert seen[-1] is batch


seen: list = []


def test_a_search_that_cannot_start_says_so(domain) -> None:
    hopeless = Domain(name="words", seeds=["a" * 12], grid=GRID, evaluate=evaluate)
    with pytest.raises(ValueError, match=r"words: no seed program works \(too_long: ten letters"):
        map_elites(hopeless, from_rewriting(grow), iterations=1)
    with pytest.raises(ValueError, match="iterations: got 0, wanted 1 or more"):
        map_elites(domain, from_rewriting(grow), iterations=0)
    short = Domain(name="words", seeds=["a"], grid=GRID, evaluate=lambda programs: [])
    with pytest.raises(ValueError, match="words: got 0 scores, wanted 1"):
        map_elites(short, from_rewriting(grow), iterations=1)
