import numpy as np
import pytest

import elmjax
from elmjax.config import ConfigError
from elmjax.programs import SEEDS
from elmjax.qd import Grid

GRID = Grid(names=("joints",), units=("",), lower=(0.0,), upper=(20.0,), bins=(20,))


@pytest.fixture(scope="module")
def domain():
    return elmjax.walkers(
        "left_wall", grid=GRID, measures=lambda body, walk: (len(body.joints),), config="quickstart"
    )


def test_a_walker_is_scored_as_it_walks(domain) -> None:
    square, broken = domain.evaluate([SEEDS["square"], "def make_walker("])
    walker = elmjax.walker(SEEDS["square"], config="quickstart")
    assert square.fitness == walker.walk("left_wall").distance
    assert square.measures == (5,)
    assert (broken.outcome, square.outcome) == ("syntax", "ok")
    assert domain.seeds == [SEEDS["square"]]


def test_fitness_of_ones_own_reads_body_and_walk() -> None:
    domain = elmjax.walkers(
        grid=GRID,
        measures=lambda body, walk: (len(body.joints),),
        fitness=lambda body, walk: float(walk.contact_fraction),
    )
    (score,) = domain.evaluate([SEEDS["square"]])
    assert 0.0 < score.fitness <= 1.0


def test_what_has_no_room_is_told() -> None:
    inside = elmjax.terrain([[-200, 0], [3, 0], [3, 30]])
    domain = elmjax.walkers(inside, grid=GRID, measures=lambda body, walk: (0.0,))
    assert [score.outcome for score in domain.evaluate([SEEDS["square"]])] == ["no_room"]


def test_unknown_names_are_refused_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="did you mean 'hills'"):
        elmjax.walkers("hils", grid=GRID, measures=lambda body, walk: (0.0,))
    assert np.isnan(elmjax.Score(outcome="x").fitness)
