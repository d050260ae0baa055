"""An archive made again from the history alone, as far as it goes.

Needs no checkpoint: a run may be going on, or have come from elsewhere without any.
"""

from elmjax.config import Config
from elmjax.qd import Archive, History
from elmjax.stages.niches import make_archive
from elmjax.stages.replay import Execute, columns, offer_again


def rebuilt(config: Config, history: History, execute: Execute) -> Archive:
    """The archive after the last iteration that a history holds whole.

    Args:
        config: Of the run.
        history: Of one search.
        execute: As of `offer_again`.

    Raises:
        HistoryError: the history does not say what it would admit, or cannot be read.
    """
    archive, rows = make_archive(config), history.frame(columns(config))
    seeds, batch = len(config.evolve.seed_programs), config.evolve.parents * config.evolve.children
    start = 0
    for end in range(seeds, len(rows) + 1, batch):
        offer_again(config, archive, rows.iloc[start:end], execute)
        start = end
    return archive
