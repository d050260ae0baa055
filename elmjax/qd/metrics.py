"""Measures of how good an archive is as a whole (MAP-Elites' usual four and the mean)."""

from dataclasses import dataclass

import numpy as np

from elmjax.qd.archive import EMPTY, Archive


@dataclass(frozen=True, kw_only=True)
class ArchiveMetrics:
    """Numbers of one archive; `best` and `mean` are NaN while it is empty."""

    niches: int  # inhabited cells
    coverage: float  # inhabited cells / cells, in [0, 1]
    qd_score: float  # sum of the objectives of the elites, m
    best: float  # m
    best_id: int  # id of the best elite, the first cell's at a tie; -1 while empty
    mean: float  # m, over inhabited cells


def archive_metrics(archive: Archive) -> ArchiveMetrics:
    """Computes the metrics of an archive.

    The QD score adds no offset: fitness here is a distance and not negative, so that an empty
    cell counts as much as a walker that does not move.
    """
    occupied = archive.occupied
    niches = int(occupied.sum())
    if niches == 0:
        return ArchiveMetrics(
            niches=0, coverage=0.0, qd_score=0.0, best=np.nan, best_id=EMPTY, mean=np.nan
        )
    objective = archive.objective[occupied]
    qd_score = float(objective.sum())
    best = int(objective.argmax())
    return ArchiveMetrics(
        niches=niches,
        coverage=niches / archive.grid.cells,
        qd_score=qd_score,
        best=float(objective[best]),
        best_id=int(archive.elite[occupied][best]),
        mean=qd_score / niches,
    )
