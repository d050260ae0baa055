"""What a search is about: where it starts, what is good, and what tells solutions apart."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from elmjax.qd import Cells

OK = "ok"


@dataclass(frozen=True, kw_only=True)
class Score:
    """What became of one program. With any outcome but "ok" it enters no archive."""

    fitness: float = math.nan  # higher is better
    measures: Sequence[float] = ()  # in the units of the grid
    outcome: str = OK  # or a word for what went wrong, to be counted
    reason: str = ""  # one line for people


@dataclass(frozen=True, kw_only=True)
class Domain:
    """Programs of one kind.

    Attributes:
        name: For people.
        seeds: Programs to start from, of which one at least works.
        grid: Cells over the measures, which it names.
        evaluate: Runs programs and scores each, in order. Programs are untrusted: `elmjax.programs`
            has what runs them locked down.
    """

    name: str
    seeds: Sequence[str]
    grid: Cells
    evaluate: Callable[[Sequence[str]], Sequence[Score]]
