"""How children enter the archive and the history: confirmed, in order, every one recorded."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from elmjax.config import Evolve
from elmjax.evaluate import Evaluation, Evaluator, measures_of
from elmjax.mutators import Child
from elmjax.programs import Verdict
from elmjax.qd import Archive, Cells, History, Order, Record, Status
from elmjax.qd.history import NO_CELL

# Metrics of an iteration: the share of its children that either order would admit.
ADMITTED_BY: dict[str, Order] = {"admitted_sequential": "sequential", "admitted_batch": "batch"}


@dataclass(frozen=True)
class Found:
    """What a MAP-Elites run has found so far."""

    archive: Archive
    history: History


@dataclass(frozen=True)
class Offspring:
    """A child, whose it is, and what it does; None where it is no program."""

    parent: int
    child: Child
    evaluation: Evaluation | None


def bring_together(
    parents: Sequence[int], children: Sequence[Child], evaluations: Iterable[Evaluation]
) -> list[Offspring]:
    """Children, the parent of each, and the evaluations of those that are programs, in order."""
    judged = iter(evaluations)
    return [
        Offspring(parent, child, None if child.program is None else next(judged))
        for parent, child in zip(parents, children, strict=True)
    ]


@dataclass(frozen=True)
class Place:
    """What the archive made of a child."""

    cell: int = NO_CELL
    admitted: bool = False


def confirm(
    config: Evolve, archive: Archive, evaluator: Evaluator, family: Iterable[Offspring]
) -> list[Offspring]:
    """Runs those that would enter the archive once more; the unrepeatable ones will not."""
    born, confirmed = list(family), set[int]()
    while True:
        walked = _walked(enumerate(born))
        # Who enters may depend on who entered before: a copy of the archive tells.
        places = _offer(config, archive.copy(), walked)
        entering = [i for i, place in places.items() if place.admitted and i not in confirmed]
        if not entering:
            return born
        programs = [born[i].child.program or "" for i in entering]
        again = evaluator.confirm(programs, [walked[i].evaluation for i in entering])
        for i, evaluation in zip(entering, again, strict=True):
            born[i] = replace(born[i], evaluation=evaluation)
        confirmed.update(entering)


def admit(config: Evolve, found: Found, family: Iterable[Offspring], step: int) -> list[Record]:
    """Offers children to the archive in order and appends all of them to the history."""
    first = len(found.history)
    newborn = list(enumerate(family, start=first))
    places = _offer(config, found.archive, _walked(newborn))
    records = [record_of(id, born, places.get(id, Place()), step) for id, born in newborn]
    found.history.append(records)
    return records


def admitted_shares(
    config: Evolve, archive: Archive, family: Sequence[Offspring]
) -> dict[str, float]:
    """Shares of children that the archive would admit in either order.

    Only what enters in the configured order has been confirmed: the other share may hold children
    whose second run would give another body.

    Args:
        config: Says which walkers are offered.
        archive: As it is before `admit`.
        family: The children of one iteration, confirmed.
    """
    walked = _walked(enumerate(family))
    places = {
        name: _offer(config, archive.copy(order), walked) for name, order in ADMITTED_BY.items()
    }
    return {
        name: sum(place.admitted for place in offered.values()) / len(family)
        for name, offered in places.items()
    }


def in_reach(config: Evolve, grid: Cells, walked: Sequence[Evaluation]) -> np.ndarray:
    """Which walkers may enter an archive, [walkers] bool; see `Evolve.outside_grid`."""
    _, outside = grid.cell_of(_measures(walked, grid))
    return _reached(config, outside)


def record_of(id: int, born: Offspring, place: Place, step: int) -> Record:
    """The history's row of a child."""
    child, evaluation = born.child, born.evaluation
    if evaluation is None:
        outcome, reason = str(child.verdict), child.verdict.explanation if child.verdict else ""
        displacement = fitness = math.nan
    else:
        outcome, reason = str(evaluation.verdict), evaluation.reason
        displacement, fitness = evaluation.displacement, evaluation.fitness
    # In metres, whatever the niches are measured in.
    body = evaluation.body if evaluation is not None else None
    height, width, mass = measures_of(body)
    return Record(
        id=id,
        parent=born.parent,
        operator=child.operator,
        message=child.message,
        diff=child.diff,
        program=child.program or "",
        outcome=outcome,
        reason=reason,
        displacement=displacement,
        fitness=fitness,
        height=height,
        width=width,
        mass=mass,
        depth=body.depth if body is not None and body.dim == 3 else math.nan,
        admitted=place.admitted,
        cell=place.cell,
        step=step,
    )


def outside_grid(grid: Cells, family: Sequence[Offspring]) -> np.ndarray:
    """Which children have a body outside the grid, [children] bool."""
    evaluations = [born.evaluation for born in family]
    measures = {
        number: evaluation.measures
        for number, evaluation in enumerate(evaluations)
        if evaluation is not None and evaluation.body is not None
    }
    outside = np.zeros(len(family), bool)
    outside[list(measures)] = grid.cell_of(list(measures.values()))[1]
    return outside


@dataclass(frozen=True, kw_only=True)
class Walkers:
    """What an archive reads of the walkers it is offered, in the order of their ids."""

    ids: np.ndarray  # [walkers] int64
    fitness: np.ndarray  # [walkers] float64 m
    measures: np.ndarray  # [walkers, measures] float64 in the units of the grid
    lengths: np.ndarray  # [walkers] int64, of their programs, characters


def offer(config: Evolve, archive: Archive, walkers: Walkers) -> dict[int, Place]:
    """Offers walkers to the archive; those outside its grid only where the configuration says so.

    Returns:
        By id, what became of each that was offered.
    """
    cells, outside = archive.grid.cell_of(walkers.measures)
    offered = _reached(config, outside)
    ids = walkers.ids[offered]
    status = archive.add(
        ids, walkers.fitness[offered], walkers.measures[offered], walkers.lengths[offered]
    )
    return {
        int(id): Place(cell=int(cell), admitted=bool(entered != Status.REJECTED))
        for id, cell, entered in zip(ids, cells[offered], status, strict=True)
    }


def _reached(config: Evolve, outside: np.ndarray) -> np.ndarray:
    return ~outside if config.outside_grid == "reject" else np.ones(len(outside), bool)


class _Walker(NamedTuple):
    evaluation: Evaluation
    length: int  # of its program, characters


def _walked(family: Iterable[tuple[int, Offspring]]) -> dict[int, _Walker]:
    """The children that walk, by their numbers."""
    return {
        number: _Walker(born.evaluation, len(born.child.program or ""))
        for number, born in family
        if born.evaluation is not None and born.evaluation.verdict is Verdict.OK
    }


def _offer(config: Evolve, archive: Archive, walked: Mapping[int, _Walker]) -> dict[int, Place]:
    evaluations = [walker.evaluation for walker in walked.values()]
    walkers = Walkers(
        ids=np.array(list(walked), np.int64),
        fitness=np.array([evaluation.fitness for evaluation in evaluations], np.float64),
        measures=_measures(evaluations, archive.grid),
        lengths=np.array([walker.length for walker in walked.values()], np.int64),
    )
    return offer(config, archive, walkers)


def _measures(evaluations: Sequence[Evaluation], grid: Cells) -> np.ndarray:
    rows = [evaluation.measures for evaluation in evaluations]
    return np.array(rows).reshape(-1, len(grid.names))
