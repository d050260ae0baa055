"""An archive as pyribs sees it, for its pictures, data frames and emitters.

pyribs is an extra: nothing else in elmjax reads this view, and nothing imports pyribs before it is
asked for.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from elmjax.qd.archive import Archive
from elmjax.qd.grid import Grid
from elmjax.qd.tessellation import Cells

if TYPE_CHECKING:
    from ribs.archives import CVTArchive, GridArchive


def to_ribs(archive: Archive) -> "GridArchive | CVTArchive":
    """A pyribs archive with the same elites in the same cells.

    The solution of an elite is its id, [1] int64; objective and measures are float64, as here
    (float32, say, would move measures near an edge into the next cell). A tessellation becomes a
    `CVTArchive` that measures distances in units of the box, as here.

    The view holds what is there now: what is added to it later by pyribs is not added here, and
    pyribs knows no parsimony.

    An elite keeps its measures unless pyribs would find another cell for them; then it gets them
    clipped to the box, or, where rounding at an edge decides, the centre of its cell.

    Raises:
        ModuleNotFoundError: pyribs is not installed.
    """
    view = _empty(archive.grid)
    cells = np.flatnonzero(archive.occupied)
    if len(cells):
        view.add(
            solution=archive.elite[cells][:, None],
            objective=archive.objective[cells],
            measures=_measures_within(view, archive, cells),
        )
    return view


def _empty(cells: Cells) -> Any:
    try:
        from ribs.archives import CVTArchive, GridArchive
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"to_ribs: got no package {error.name!r}, wanted pyribs: pip install 'elmjax[ribs]'"
        ) from None
    settings: dict[str, Any] = {
        "solution_dim": 1,
        "ranges": list(zip(cells.lower, cells.upper, strict=True)),
        "qd_score_offset": 0.0,
        "solution_dtype": np.int64,
        "objective_dtype": np.float64,
        "measures_dtype": np.float64,
    }
    if isinstance(cells, Grid):
        # Its default, 1e-6, moves measures just below an edge into the next cell.
        return GridArchive(dims=cells.bins, epsilon=0.0, **settings)
    extent = np.subtract(cells.upper, cells.lower)
    # "seuclidean" divides each squared difference by its V; pyribs' own tree knows no units.
    nearest: dict[str, Any] = {"metric": "seuclidean", "metric_params": {"V": extent**2}}
    return CVTArchive(
        centroids=cells.centroids,
        nearest_neighbors="sklearn_nn",
        sklearn_nn_kwargs=nearest,
        **settings,
    )


def _measures_within(view: Any, archive: Archive, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Measures of the elites, [n, measures], for which pyribs finds the cells they are in, [n]."""
    measures = archive.measures[cells]
    for replacement in (
        np.clip(measures, archive.grid.lower, archive.grid.upper),
        archive.grid.centres[cells],
    ):
        with np.errstate(invalid="ignore"):  # it casts what lies far outside to int32
            elsewhere = view.index_of(measures) != cells
        measures[elsewhere] = replacement[elsewhere]
    return measures
