"""Archives of stage 1 for the page: elites, how they walk, where they come from, and curves."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from elmjax.qd import Grid, History, archive_metrics
from elmjax.qd.tessellation import Cells
from elmjax.report.page import outline, pack
from elmjax.stages import operator_tuning
from elmjax.stages.evolve import open_found, stage_name
from elmjax.stages.run import Run
from elmjax.stages.showcase.walks import Stage

ANCESTORS = 30_000  # programs at most whose text is in the page; the nearest ones stay
POINTS = 200  # of a curve at most
CURVES = ("niches", "qd_score", "best", "valid", "run", "admitted")


def collect(stage: Stage) -> list[dict[str, Any]]:
    """Every finished archive of a run, that of the base model of a tuned one last."""
    run = stage.run
    searches = [(run, operator, operator) for operator in run.config.evolve.operators]
    base = run.folder / operator_tuning.STAGE / "base"
    found = [_archive(stage, *search) for search in searches if _finished(*search[:2])]
    if (base / "config.toml").is_file():
        before = Run.read(base)
        if _finished(before, operator_tuning.OPERATOR):
            found.append(
                _archive(stage, before, operator_tuning.OPERATOR, "diff, before fine-tuning")
            )
    return found


def _finished(run: Run, operator: str) -> bool:
    return run.summary(stage_name(operator)) is not None


def _archive(stage: Stage, run: Run, operator: str, name: str) -> dict[str, Any]:
    """One archive.

    Returns:
        `name`, `terrain`, `metrics`, `measures`; `elites`, a list by cell of `cell`, `bins` (None
        in a tessellation), `id`, `fitness`, `measures` and the packed `walk`; `programs`, packed,
        by id: the elites and their ancestors; and `curves`.
    """
    found, terrain = open_found(run, operator), run.config.evolve.terrain
    archive = found.archive
    cells = np.flatnonzero(archive.occupied)
    ids = archive.elite[cells].tolist()
    texts = [found.history.program(id) for id in ids]
    distances, bodies = stage.distances(texts), stage.bodies(texts)
    elites = [
        {
            "cell": int(cell),
            "bins": _bins(archive.grid, int(cell)),
            "id": id,
            "fitness": float(archive.objective[cell]),
            "measures": archive.measures[cell].tolist(),
            "walk": None
            if body is None
            else pack(
                {
                    "track": stage.track(body, terrain),
                    "distances": {
                        place: _number(fitness[row]) for place, fitness in distances.items()
                    },
                }
            ),
        }
        for row, (cell, id, body) in enumerate(zip(cells, ids, bodies, strict=True))
    ]
    return {
        "name": name,
        "terrain": terrain,
        "metrics": vars(archive_metrics(archive)),
        "measures": _measures(archive.grid),
        "elites": elites,
        "programs": _programs(stage, found.history, ids),
        "curves": _curves(run, operator),
    }


def _number(value: float) -> float | None:
    return round(value, 2) if np.isfinite(value) else None


def _bins(grid: Cells, cell: int) -> list[int] | None:
    """Place of a cell along each measure; None where cells have no such order."""
    if not isinstance(grid, Grid):
        return None
    return [int(place) for place in np.unravel_index(cell, grid.bins)]


def _measures(grid: Cells) -> list[dict[str, Any]]:
    bins = grid.bins if isinstance(grid, Grid) else [None] * len(grid.names)
    return [
        {"name": name, "unit": unit, "lower": lower, "upper": upper, "bins": count}
        for name, unit, lower, upper, count in zip(
            grid.names, grid.units, grid.lower, grid.upper, bins, strict=True
        )
    ]


def _programs(stage: Stage, history: History, elites: Sequence[int]) -> dict[str, str]:
    """Elites and their ancestors by id, each packed by itself: the page opens few of them."""
    ids = sorted(_nearest(history.lineage(id)[::-1] for id in elites))
    records = [history.record(id) for id in ids]
    bodies = stage.bodies([record.program for record in records])
    return {
        str(record.id): pack(
            {
                "parent": record.parent,
                "operator": record.operator,
                "message": record.message,
                "program": record.program,
                "fitness": _number(record.fitness),
                "step": record.step,
                "body": None if body is None else outline(body),
            }
        )
        for record, body in zip(records, bodies, strict=True)
    }


def _nearest(lines: Iterable[Sequence[int]]) -> set[int]:
    """Ids of lineages, elite first: generation by generation backwards until there are enough."""
    kept: set[int] = set()
    remaining = list(lines)
    generation = 0
    while remaining:
        kept.update(line[generation] for line in remaining)
        generation += 1
        remaining = [line for line in remaining if len(line) > generation]
        if len(kept) + len(remaining) > ANCESTORS:
            break
    return kept


def _curves(run: Run, operator: str) -> dict[str, list[float | None]]:
    log = run.metrics.read(stage_name(operator))
    rows = np.unique(np.linspace(0, len(log) - 1, POINTS).round().astype(int))
    names = [name for name in ("evaluations", *CURVES) if name in log]
    return {name: log[name].iloc[rows].tolist() for name in names}
