"""MAP-Elites over programs of any kind: what to search is given as functions.

Stage 1 is the search for walkers, with resumption, confirmation and records on disk. This one is
for what is not Sodarace, and for other measures: it knows no walker, and lives in memory.
"""

from elmjax.search.discoveries import Discoveries
from elmjax.search.domain import Domain, Score
from elmjax.search.map_elites import map_elites

__all__ = ["Discoveries", "Domain", "Score", "map_elites"]
