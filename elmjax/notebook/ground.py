"""Where walkers walk: a terrain's name, a JSON file of polylines, or polylines themselves."""

from collections.abc import Sequence

import numpy as np

from elmjax.config import Config
from elmjax.evaluate import Evaluator
from elmjax.notebook.jail import engine
from elmjax.stages.run import check_terrains, evaluator_on, terrain_lines
from physics.polylines import Polylines, to_polylines

Place = str | Polylines

_OWN = "own terrain"


def terrain(
    floor: np.ndarray | Sequence[Sequence[float]],
    ceilings: Sequence[np.ndarray | Sequence[Sequence[float]]] = (),
) -> Polylines:
    """A terrain of one's own: polylines from left to right, [points, 2] m; walkers start at x = 0.

    Outside its range the floor goes on level from its ends.

    Raises:
        ValueError: the polylines make no terrain.
    """
    return to_polylines(floor, ceilings)


def name_of(place: Place) -> str:
    """What a place is called in titles and errors."""
    return place if isinstance(place, str) else _OWN


def lines_of(config: Config, place: Place) -> Polylines:
    """The polylines of a place.

    Raises:
        ConfigError: there is no such terrain; the message names the nearest.
    """
    if not isinstance(place, str):
        return place
    check_terrains(config, [place])
    return terrain_lines(config, place)


def judge_on(config: Config, place: Place) -> tuple[Evaluator, str]:
    """What evaluates programs in the world of a configuration on a place, and its name there."""
    name = name_of(place)
    pool = engine(config.programs)
    return evaluator_on(config, pool, {name: lines_of(config, place)}), name
