"""The history as a log to recover from: what it tells is offered to an archive again, in order.

Rows are written after every iteration, checkpoints now and then: a search that was killed goes on
after the last iteration that the history holds whole.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from elmjax.config import Config
from elmjax.evaluate import is_in_metres, measures_of
from elmjax.programs import Execution, Verdict
from elmjax.qd import Archive, HistoryError
from elmjax.qd.history import NO_CELL
from elmjax.stages.admission import Walkers, offer
from elmjax.stages.niches import measure_names

Execute = Callable[[Sequence[str]], list[Execution]]


def columns(config: Config) -> list[str]:
    """What is read of a history to offer it again: its texts, most of it, only where they count."""
    numbers = ["id", "outcome", "fitness", *measure_names(config), "admitted", "cell"]
    texts = config.evolve.parsimony > 0.0 or not is_in_metres(config.grid.scale)
    return [*numbers, "operator", *(["program"] if texts else [])]


def offer_again(config: Config, archive: Archive, rows: pd.DataFrame, execute: Execute) -> None:
    """Offers the walkers among some rows, which were judged together, to the archive.

    Args:
        config: Of the run.
        archive: As it was before these rows.
        rows: Of one iteration, or the seeds; at least `columns`.
        execute: Runs programs; asked only where niches are not measured in metres, which is what
            a history tells.

    Raises:
        HistoryError: The archive would admit others than the history says.
    """
    walked = rows[rows["outcome"] == str(Verdict.OK)]
    lengths = walked["program"].str.len() if "program" in walked else 0 * walked["id"]
    walkers = Walkers(
        ids=walked["id"].to_numpy(np.int64),
        fitness=walked["fitness"].to_numpy(np.float64),
        measures=_measures(config, walked, execute),
        lengths=lengths.to_numpy(np.int64),
    )
    places = offer(config.evolve, archive, walkers)
    for id, cell, admitted in zip(rows["id"], rows["cell"], rows["admitted"], strict=True):
        place = places.get(id)
        found = (NO_CELL, False) if place is None else (place.cell, place.admitted)
        if found != (cell, admitted):
            raise HistoryError(
                f"program {id}: the history says cell {cell}, admitted {bool(admitted)}; offered "
                f"again it is cell {found[0]}, admitted {found[1]}"
            )


def _measures(config: Config, walked: pd.DataFrame, execute: Execute) -> np.ndarray:
    """[walkers, measures] in the units of the grid."""
    names, scale = measure_names(config), config.grid.scale
    if is_in_metres(scale):
        return walked[list(names)].to_numpy(np.float64)
    bodies = [execution.body for execution in execute(walked["program"].tolist())]
    return np.array([measures_of(body, scale, names) for body in bodies]).reshape(-1, len(names))
