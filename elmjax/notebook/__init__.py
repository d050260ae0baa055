"""Runs and walkers for people who write Python: `elmjax.load(DIR)`, `elmjax.walker(PROGRAM)`.

Looks only: nothing here writes to a run's folder, and a run may be looked at while it goes on.
"""

from elmjax.notebook.breed import walkers
from elmjax.notebook.film import Film
from elmjax.notebook.found import FoundRun, load
from elmjax.notebook.ground import terrain
from elmjax.notebook.niches import Niches
from elmjax.notebook.search import Search
from elmjax.notebook.walker import ProgramError, Walked, Walker, walker

__all__ = [
    "Film",
    "FoundRun",
    "Niches",
    "ProgramError",
    "Search",
    "Walked",
    "Walker",
    "load",
    "terrain",
    "walker",
    "walkers",
]
