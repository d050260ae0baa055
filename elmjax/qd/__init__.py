"""Quality-diversity search: niches, the archive of elites, the history, the choice of operators.

Two records are kept apart. The archive holds arrays, one elite a cell, and says what is best now.
The history holds text, every evaluated program with its lineage, and is the data set of stage 2.
An integer id joins them. Knows no jax.
"""

from elmjax.qd.archive import Archive
from elmjax.qd.grid import Grid
from elmjax.qd.history import NO_CELL, NO_PARENT, History, HistoryError, Record
from elmjax.qd.metrics import ArchiveMetrics, archive_metrics
from elmjax.qd.pyribs import to_ribs
from elmjax.qd.rule import Order, Rule, Status
from elmjax.qd.selection import Bandit, FixedWeights, Selection
from elmjax.qd.tessellation import Cells, Tessellation

__all__ = [
    "NO_CELL",
    "NO_PARENT",
    "Archive",
    "ArchiveMetrics",
    "Bandit",
    "Cells",
    "FixedWeights",
    "Grid",
    "History",
    "HistoryError",
    "Order",
    "Record",
    "Rule",
    "Selection",
    "Status",
    "Tessellation",
    "archive_metrics",
    "to_ribs",
]
