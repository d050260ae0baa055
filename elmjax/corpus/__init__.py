"""Training data of the diff models: generated programs and truthful edits of them.

A parent is a program of some kind (`kinds`) after a random walk of syntax-tree edits, each step of
which still runs (`growth`). Its edits are kept when the child runs and does something else, never
for a fitness, and when the commit message tells the truth (`edits`). Some programs get a bug, whose
repair is one more edit (`repairs`). Everything follows from a seed.
"""

from elmjax.corpus.edits import keep
from elmjax.corpus.growth import Order, edited_programs, grow
from elmjax.corpus.kinds import FUNCTIONS, WALKERS, Kind
from elmjax.corpus.records import EditedProgram, load, save
from elmjax.corpus.repairs import repairs

__all__ = [
    "FUNCTIONS",
    "WALKERS",
    "EditedProgram",
    "Kind",
    "Order",
    "edited_programs",
    "grow",
    "keep",
    "load",
    "repairs",
    "save",
]
