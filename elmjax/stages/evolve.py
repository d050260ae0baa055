"""Stage 1: MAP-Elites over height, width and mass, mutated by an operator (paper, section 5).

Every iteration draws parents uniformly over the inhabited niches, makes children of each, runs and
simulates them, and offers them to the archive in order. Every child is written to the history,
whatever became of it.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elmjax.checkpoint import Checkpoints
from elmjax.config import Config, ConfigError, Evolve
from elmjax.evaluate import Evaluation, Evaluator
from elmjax.mutators import Child
from elmjax.programs import SEEDS, Verdict, canonical
from elmjax.qd import Archive, Grid, History, archive_metrics
from elmjax.qd.history import NO_PARENT
from elmjax.report.progress import stage_progress
from elmjax.stages.admission import Found, Offspring, admit, confirm, outside_grid, rates
from elmjax.stages.operators import make_mutator
from elmjax.stages.outcomes import error_counts, outcome_counts
from elmjax.stages.run import Run
from elmjax.stages.source import Source, Unchanging

SHARES = ("applied", "run", "valid", "admitted", "program_hits", "walk_hits")


@dataclass(frozen=True, kw_only=True)
class Search:
    """A MAP-Elites run: how it mutates and judges, and what it has found."""

    run: Run
    stage: str
    source: Source
    evaluator: Evaluator
    found: Found


def stage_name(operator: str) -> str:
    """Name of the stage, and of its folder."""
    return f"evolve-{operator}"


def evolve(run: Run, operator: str, source: Source | None = None) -> dict[str, Any]:
    """Runs or resumes stage 1 with one operator.

    Args:
        run: writes to the folder `evolve-OPERATOR`.
        operator: one of `Evolve.operators`.
        source: gives each iteration its mutator; None: the operator as it is configured.

    Returns:
        The summary that is also written to the stage's folder.
    """
    config, stage = run.config.evolve, stage_name(operator)
    if (done := run.summary(stage)) is not None:
        return done
    source = source or Unchanging(make_mutator(config, operator))
    batch = config.parents * config.children
    with (
        Checkpoints(run.folder / stage / "checkpoints") as checkpoints,
        run.pool(config.max_characters) as pool,
    ):
        evaluator = run.evaluator(pool, [config.terrain])
        found, start = _start_or_resume(run, stage, checkpoints, evaluator)
        search = Search(run=run, stage=stage, source=source, evaluator=evaluator, found=found)
        with stage_progress(stage, config.iterations * batch, completed=start * batch) as progress:
            for iteration in range(start, config.iterations):
                numbers = _iterate(search, iteration)
                run.metrics.write(stage, iteration, numbers)
                source.after(iteration, found)
                shown = ("niches", "qd_score", "best", "valid")
                progress.advance(batch, **{name: numbers[name] for name in shown})
                last = iteration + 1 == config.iterations
                if last or (iteration + 1) % config.checkpoint_every == 0:
                    _save(checkpoints, iteration + 1, found)
    return run.finish(stage, _summarise(run, stage, found))


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
    family = confirm(config, found.archive, evaluator, [Offspring(NO_PARENT, child, evaluation)])
    admit(config, found, family, step=0)


def _iterate(search: Search, iteration: int) -> dict[str, Any]:
    """One iteration of MAP-Elites; returns its numbers."""
    run, found, config = search.run, search.found, search.run.config.evolve
    began = time.monotonic()
    rng = np.random.default_rng(run.seed(f"{search.stage}/parents", iteration))
    parents = found.archive.sample(rng, config.parents)
    programs = [found.history.program(parent) for parent in parents]
    mutate = search.source.mutator_for(iteration)
    children = mutate(programs, config.children, run.seed(f"{search.stage}/children", iteration))
    mutated = time.monotonic()
    evaluations = evaluate_children(search.evaluator, children, config.terrain)
    of_children = parents.repeat(config.children).tolist()
    family = map(Offspring, of_children, children, evaluations)
    confirmed = confirm(config, found.archive, search.evaluator, family)
    records = admit(config, found, confirmed, iteration)
    return {
        **asdict(archive_metrics(found.archive)),
        **rates(records),
        **search.evaluator.hit_rates(),
        "evaluations": len(found.history),
        "outside_grid": float(np.mean(outside_grid(found.archive.grid, records))),
        "mutation_seconds": mutated - began,
        "iteration_seconds": time.monotonic() - began,
    }


def evaluate_children(
    evaluator: Evaluator, children: Sequence[Child], terrain: str
) -> list[Evaluation | None]:
    """Evaluates the children that are programs; None for the others."""
    programs = [child.program for child in children if child.program is not None]
    evaluations = iter(evaluator.evaluate(programs, terrain))
    return [None if child.program is None else next(evaluations) for child in children]


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
