"""Stage 1: MAP-Elites over height, width and mass, mutated by an operator (paper, section 5).

Every iteration draws parents uniformly over the inhabited niches, makes children of each, runs and
simulates them, and offers them to the archive in order. Every child is written to the history,
whatever became of it.
"""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from elmjax.checkpoint import Checkpoints
from elmjax.config import Config, ConfigError, Evolve
from elmjax.diffs import DiffVerdict
from elmjax.evaluate import Evaluation, Evaluator
from elmjax.mutators import Child, DiffMutator, Mutator, mixed, tree_mutator
from elmjax.programs import SEEDS, Verdict, canonical
from elmjax.qd import Archive, Grid, History, Record, Status, archive_metrics
from elmjax.qd.history import NO_CELL, NO_PARENT
from elmjax.report.progress import stage_progress
from elmjax.stages.outcomes import error_counts, outcome_counts
from elmjax.stages.run import Run, language_model

SHARES = ("applied", "run", "valid", "admitted", "program_hits", "walk_hits")
_NO_CHILD = frozenset(map(str, DiffVerdict))


@dataclass(frozen=True)
class Found:
    """What a MAP-Elites run has found so far."""

    archive: Archive
    history: History


@dataclass(frozen=True, kw_only=True)
class Search:
    """A MAP-Elites run: how it mutates and judges, and what it has found."""

    run: Run
    stage: str
    mutator: Mutator
    evaluator: Evaluator
    found: Found


@dataclass(frozen=True)
class Offspring:
    """A child, whose it is, and what it does; None where it is no program."""

    parent: int
    child: Child
    evaluation: Evaluation | None


@dataclass(frozen=True)
class Place:
    """What the archive made of a child."""

    cell: int = NO_CELL
    admitted: bool = False


def stage_name(operator: str) -> str:
    """Name of the stage, and of its folder."""
    return f"evolve-{operator}"


def evolve(run: Run, operator: str) -> dict[str, Any]:
    """Runs or resumes stage 1 with one operator.

    Args:
        run: writes to the folder `evolve-OPERATOR`.
        operator: "diff", "tree" or "mixed".

    Returns:
        The summary that is also written to the stage's folder.
    """
    config, stage = run.config.evolve, stage_name(operator)
    if (done := run.summary(stage)) is not None:
        return done
    mutator = make_mutator(config, operator)
    batch = config.parents * config.children
    with (
        Checkpoints(run.folder / stage / "checkpoints") as checkpoints,
        run.pool(config.max_characters) as pool,
    ):
        evaluator = run.evaluator(pool, [config.terrain])
        found, start = _start_or_resume(run, stage, checkpoints, evaluator)
        search = Search(run=run, stage=stage, mutator=mutator, evaluator=evaluator, found=found)
        with stage_progress(stage, config.iterations * batch, completed=start * batch) as progress:
            for iteration in range(start, config.iterations):
                numbers = _iterate(search, iteration)
                run.metrics.write(stage, iteration, numbers)
                shown = ("niches", "qd_score", "best", "valid")
                progress.advance(batch, **{name: numbers[name] for name in shown})
                last = iteration + 1 == config.iterations
                if last or (iteration + 1) % config.checkpoint_every == 0:
                    _save(checkpoints, iteration + 1, found)
    return run.finish(stage, _summarise(run, stage, found))


def make_mutator(config: Evolve, operator: str) -> Mutator:
    """The mutation operator of a name."""
    if operator == "tree":
        return tree_mutator
    diff = DiffMutator(
        model=language_model(config.model),
        max_new_tokens=config.max_new_tokens,
        temperature=config.temperature,
        top_p=config.top_p,
    )
    return diff if operator == "diff" else mixed(diff, tree_mutator)


def open_found(run: Run, operator: str) -> Found:
    """The archive and history of a finished stage, for reading."""
    stage = stage_name(operator)
    folder = run.folder / stage
    with Checkpoints(folder / "checkpoints") as checkpoints:
        grid = make_grid(run.config)
        _, state, _ = checkpoints.restore(Archive(grid).state())
    return Found(Archive.from_state(grid, state), History.open(folder / "history"))


def seed_program(config: Evolve) -> str:
    """The program that evolution starts from, in canonical form.

    Raises:
        ConfigError: where it cannot be read or is not Python.
    """
    name, wanted = config.seed_program, ", ".join(SEEDS)
    try:
        return canonical(SEEDS[name] if name in SEEDS else Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"evolve.seed_program: got {name!r} ({error.strerror}), "
            f"wanted a file or one of {wanted}"
        ) from None
    except (SyntaxError, ValueError) as error:
        raise ConfigError(
            f"evolve.seed_program: got {name!r}, wanted a Python program: {error}"
        ) from None


def make_grid(config: Config) -> Grid:
    """The configured grid over height, width and mass.

    Raises:
        ConfigError: where the bounds and bins make no grid.
    """
    try:
        return Grid(**asdict(config.grid))
    except ValueError as error:
        raise ConfigError(str(error)) from None


def in_reach(config: Evolve, grid: Grid, walked: Sequence[Evaluation]) -> np.ndarray:
    """Which walkers may enter an archive, [walkers] bool; see `Evolve.outside_grid`."""
    measures = np.array([evaluation.measures for evaluation in walked]).reshape(-1, 3)
    _, outside = grid.cell_of(measures)
    return ~outside if config.outside_grid == "reject" else np.ones(len(walked), bool)


def _start_or_resume(
    run: Run, stage: str, checkpoints: Checkpoints, evaluator: Evaluator
) -> tuple[Found, int]:
    """What was found as of its newest checkpoint, or with its seed, and the next iteration."""
    grid = make_grid(run.config)
    history = History.open(run.folder / stage / "history")
    if checkpoints.latest() is not None:
        iteration, state, notes = checkpoints.restore(Archive(grid).state())
        history.truncate(notes["rows"])
        run.metrics.truncate(stage, iteration)
        return Found(Archive.from_state(grid, state), history), iteration
    history.truncate(0)
    run.metrics.truncate(stage, 0)
    found = Found(Archive(grid), history)
    _plant(run.config.evolve, found, evaluator)
    return found, 0


def _plant(config: Evolve, found: Found, evaluator: Evaluator) -> None:
    """Evaluates the seed program and places it."""
    program = seed_program(config)
    child = Child(operator="seed", message="", diff="", program=program)
    evaluation = evaluator.evaluate([program], config.terrain)[0]
    if evaluation.verdict is not Verdict.OK:
        raise ConfigError(
            f"evolve.seed_program: {config.seed_program} is {evaluation.verdict} "
            f"({evaluation.reason}), wanted a program that walks"
        )
    family = _confirm(config, found.archive, evaluator, [Offspring(NO_PARENT, child, evaluation)])
    _admit(config, found, family, step=0)


def _iterate(search: Search, iteration: int) -> dict[str, Any]:
    """One iteration of MAP-Elites; returns its numbers."""
    run, found, config = search.run, search.found, search.run.config.evolve
    began = time.monotonic()
    rng = np.random.default_rng(run.seed(f"{search.stage}/parents", iteration))
    parents = found.archive.sample(rng, config.parents)
    programs = [found.history.program(parent) for parent in parents]
    children = search.mutator(
        programs, config.children, run.seed(f"{search.stage}/children", iteration)
    )
    mutated = time.monotonic()
    evaluations = _evaluate(search.evaluator, children, config.terrain)
    of_children = parents.repeat(config.children).tolist()
    family = map(Offspring, of_children, children, evaluations)
    confirmed = _confirm(config, found.archive, search.evaluator, family)
    records = _admit(config, found, confirmed, iteration)
    return {
        **asdict(archive_metrics(found.archive)),
        **rates(records),
        **search.evaluator.hit_rates(),
        "evaluations": len(found.history),
        "outside_grid": float(np.mean(_outside(found.archive.grid, records))),
        "mutation_seconds": mutated - began,
        "iteration_seconds": time.monotonic() - began,
    }


def _evaluate(
    evaluator: Evaluator, children: Sequence[Child], terrain: str
) -> list[Evaluation | None]:
    """Evaluates the children that are programs; None for the others."""
    programs = [child.program for child in children if child.program is not None]
    evaluations = iter(evaluator.evaluate(programs, terrain))
    return [None if child.program is None else next(evaluations) for child in children]


def _confirm(
    config: Evolve, archive: Archive, evaluator: Evaluator, family: Iterable[Offspring]
) -> list[Offspring]:
    """Runs those that would enter the archive once more; the unrepeatable ones will not."""
    born, confirmed = list(family), set[int]()
    while True:
        walked = {
            i: child.evaluation
            for i, child in enumerate(born)
            if child.evaluation is not None and child.evaluation.verdict is Verdict.OK
        }
        # Who enters depends on who entered before: a copy of the archive tells.
        places = _offer(config, Archive.from_state(archive.grid, archive.state()), walked)
        entering = [i for i, place in places.items() if place.admitted and i not in confirmed]
        if not entering:
            return born
        programs = [born[i].child.program or "" for i in entering]
        again = evaluator.confirm(programs, [walked[i] for i in entering])
        for i, evaluation in zip(entering, again, strict=True):
            born[i] = replace(born[i], evaluation=evaluation)
        confirmed.update(entering)


def _admit(config: Evolve, found: Found, family: Iterable[Offspring], step: int) -> list[Record]:
    """Offers children to the archive in order and appends all of them to the history."""
    first = len(found.history)
    newborn = list(enumerate(family, start=first))
    walked = {
        id: born.evaluation
        for id, born in newborn
        if born.evaluation is not None and born.evaluation.verdict is Verdict.OK
    }
    places = _offer(config, found.archive, walked)
    records = [_record(id, born, places.get(id, Place()), step) for id, born in newborn]
    found.history.append(records)
    return records


def _offer(config: Evolve, archive: Archive, walked: Mapping[int, Evaluation]) -> dict[int, Place]:
    """Offers walkers to the archive in the order of their ids."""
    measures = np.array([evaluation.measures for evaluation in walked.values()]).reshape(-1, 3)
    fitness = np.array([evaluation.fitness for evaluation in walked.values()])
    ids = np.array(list(walked), np.int64)
    cells, _ = archive.grid.cell_of(measures)
    offered = in_reach(config, archive.grid, list(walked.values()))
    status = archive.add(ids[offered], fitness[offered], measures[offered])
    return {
        int(id): Place(cell=int(cell), admitted=bool(entered != Status.REJECTED))
        for id, cell, entered in zip(ids[offered], cells[offered], status, strict=True)
    }


def _record(id: int, born: Offspring, place: Place, step: int) -> Record:
    child, evaluation = born.child, born.evaluation
    if evaluation is None:
        outcome, reason = str(child.verdict), child.verdict.explanation if child.verdict else ""
        height = width = mass = displacement = fitness = math.nan
    else:
        outcome, reason = str(evaluation.verdict), evaluation.reason
        height, width, mass = evaluation.measures
        displacement, fitness = evaluation.displacement, evaluation.fitness
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
        admitted=place.admitted,
        cell=place.cell,
        step=step,
    )


def rates(records: Sequence[Record]) -> dict[str, float]:
    """Shares of children that are programs, that run, that walk and that enter the archive."""
    flags = {
        "applied": [record.outcome not in _NO_CHILD for record in records],
        "run": [math.isfinite(record.height) for record in records],
        "valid": [record.outcome == Verdict.OK for record in records],
        "admitted": [record.admitted for record in records],
    }
    return {name: float(np.mean(values)) for name, values in flags.items()}


def _outside(grid: Grid, records: Sequence[Record]) -> np.ndarray:
    """Which children have a body outside the grid, [children] bool."""
    measures = [(record.height, record.width, record.mass) for record in records]
    bodies = np.isfinite(measures).all(axis=1)
    outside = np.zeros(len(records), bool)
    outside[bodies] = grid.cell_of(np.array(measures)[bodies])[1]
    return outside


def _save(checkpoints: Checkpoints, iteration: int, found: Found) -> None:
    found.history.flush()
    checkpoints.save(iteration, found.archive.state(), {"rows": len(found.history)})


def _summarise(run: Run, stage: str, found: Found) -> dict[str, Any]:
    numbers = run.metrics.read(stage)
    seconds = float(numbers["iteration_seconds"].sum())
    rows = found.history.frame(["outcome", "reason"])
    return {
        **asdict(archive_metrics(found.archive)),
        **{name: float(numbers[name].mean()) for name in SHARES},
        "evaluations": len(found.history),
        "seconds": seconds,
        "evaluations_per_second": len(found.history) / seconds,
        "outcomes": outcome_counts(rows),
        "errors": error_counts(rows),
    }
