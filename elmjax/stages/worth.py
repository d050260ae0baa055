"""What programs are worth as a set: put into an empty archive, and compared with what is known."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from elmjax.config import Config
from elmjax.dataset import family
from elmjax.programs import canonical
from elmjax.qd import Archive, archive_metrics
from elmjax.stages.niches import make_grid, measure_names
from elmjax.stages.samples import Sample


def worth_of_samples(
    config: Config, samples: Sequence[Sample], known: Collection[str]
) -> dict[str, float]:
    """How many samples walk, how many of them are new, and the archive that they fill.

    Args:
        config: Its grid.
        samples: Of a model.
        known: Programs of the dataset, in canonical form.

    Returns:
        Shares of the samples: `valid_samples`, `novel_samples` (different programs that are not
        known) and `novel_families` (different from each other and from all that is known in more
        than numbers); `niches`, `coverage`, `qd_score` in m and `best` in m.
    """
    valid = [sample for sample in samples if sample.is_valid]
    written = {canonical(sample.program) for sample in valid}
    families = set(map(family, written)) - set(map(family, known))
    walked = [sample.evaluation for sample in valid]
    return {
        "valid_samples": len(valid) / len(samples),
        "novel_samples": len(written - set(known)) / len(samples),
        "novel_families": len(families) / len(samples),
        **_archive(config, [w.fitness for w in walked], [w.measures for w in walked]),
    }


def worth_of_programs(
    config: Config, programs: pd.DataFrame, count: int, seed: int
) -> dict[str, float]:
    """The archive that some programs of a dataset fill, all walkers.

    Args:
        config: Its grid.
        programs: `fitness` and the measures of the grid.
        count: How many to draw; with replacement where there are fewer.
        seed: Draws.
    """
    rng = np.random.default_rng(seed)
    drawn = programs.iloc[rng.choice(len(programs), count, replace=count > len(programs))]
    measures = drawn[list(measure_names(config))]
    return {"valid_samples": 1.0, **_archive(config, drawn["fitness"], measures)}


def _archive(config: Config, fitness: ArrayLike, measures: ArrayLike) -> dict[str, float]:
    archive = Archive(make_grid(config))
    if len(np.asarray(fitness)):
        archive.add(range(len(np.asarray(fitness))), fitness, measures)
    metrics = asdict(archive_metrics(archive))
    return {name: metrics[name] for name in ("niches", "coverage", "qd_score", "best")}
