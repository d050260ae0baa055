"""Programs that runs of stage 1 admitted to their archives, with where each came from."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

# Of a history; and, of the joined table, `run` (whose history) and `seed` (where its line began).
COLUMNS = ("program", "fitness", "height", "width", "mass", "cell", "id")
SPATIAL_COLUMNS = ("depth",)  # also, of walkers in three dimensions


def admitted_programs(
    histories: Mapping[str, pd.DataFrame],
    seeds: Mapping[str, Mapping[int, str]] | None = None,
    ids: Mapping[str, Collection[int]] | None = None,
) -> pd.DataFrame:
    """Joins the admitted programs of some runs.

    Args:
        histories: All rows of each run's history by the run's name, with `COLUMNS`, `parent` and
            `admitted`.
        seeds: Names of each run's seed programs by their ids; None: they have no names.
        ids: Of the programs that count, by run, such as the elites; None: all that were admitted.

    Returns:
        `COLUMNS`, those of `SPATIAL_COLUMNS` that are there, `run` and `seed`, runs in the order
        given, programs in that of their evaluation.
    """
    return pd.concat(
        [
            _of_run(run, history, (seeds or {}).get(run, {}), None if ids is None else ids[run])
            for run, history in histories.items()
        ],
        ignore_index=True,
    )


def without_seeds(admitted: pd.DataFrame, excluded: Collection[str]) -> pd.DataFrame:
    """Leaves out what descends from some seed programs, where others remain.

    The paper learns nothing from Radial, whose walkers are chaotic. A table of that alone stays.
    """
    kept = admitted[~admitted["seed"].isin(list(excluded))]
    return (kept if len(kept) else admitted).reset_index(drop=True)


def _of_run(
    run: str, history: pd.DataFrame, seeds: Mapping[int, str], ids: Collection[int] | None
) -> pd.DataFrame:
    counts = history["admitted"].to_numpy()
    if ids is not None:
        counts = counts & np.isin(history["id"], list(ids))
    roots = _roots(history["parent"])[counts]
    deep = [name for name in SPATIAL_COLUMNS if name in history]
    rows = history.loc[counts, [*COLUMNS, *deep]]
    return rows.assign(run=run, seed=[seeds.get(int(root), "") for root in roots])


def _roots(parents: ArrayLike) -> NDArray[np.int64]:
    """[n] the first ancestor of each program: parents are earlier programs, or -1."""
    roots = np.arange(len(np.asarray(parents)))
    for child, parent in enumerate(np.asarray(parents).tolist()):
        if parent >= 0:
            roots[child] = roots[parent]
    return roots
