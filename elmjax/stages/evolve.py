"""Stage 1: MAP-Elites over height, width and mass, mutated by operators (paper, section 5).

Every iteration draws parents uniformly over the inhabited niches, makes children of each, runs and
simulates them, and offers them to the archive in order. Every child is written to the history,
whatever became of it. Children are made while those of the iteration before are judged, so that
their parents come from the archive of `evolve.ahead` iterations earlier: the result is the same
however fast the parts are.

The history is written after every iteration, a checkpoint of the archive every few: a search that
is resumed reads the checkpoint and offers to it what the history holds beyond (`replay`).
"""

import logging
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from elmjax.checkpoint import Checkpoints, Notes
from elmjax.config import Evolve
from elmjax.dist import hosts
from elmjax.evaluate import Evaluator
from elmjax.mutators import Child
from elmjax.programs import Execution
from elmjax.qd import History, archive_metrics
from elmjax.report.progress import Part, StageProgress
from elmjax.stages import endpoints, stopping
from elmjax.stages.admission import (
    ADMITTED_BY,
    Found,
    Offspring,
    admit,
    admitted_shares,
    bring_together,
    confirm,
    outside_grid,
)
from elmjax.stages.line import Brood, Draw, Line
from elmjax.stages.moving import moving
from elmjax.stages.niches import make_archive
from elmjax.stages.operators import Crew, open_crew
from elmjax.stages.outcomes import error_counts, outcome_counts
from elmjax.stages.rebuild import rebuilt
from elmjax.stages.replay import columns, offer_again
from elmjax.stages.run import Run
from elmjax.stages.seeding import plant
from elmjax.stages.source import Source
from elmjax.stages.stopwatch import Stopwatch
from elmjax.stages.tally import RATES, tally, totals
from elmjax.stages.throughput import throughput

# Parts of an iteration, in each of which something is busy for `PART_seconds` of it.
PARTS = ("mutation", "program", "physics", "confirmation", "admission")
HITS = ("program_hits", "walk_hits")
STAGE_PREFIX = "evolve-"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Search:
    """A MAP-Elites run: how it mutates and judges, and what it has found."""

    run: Run
    stage: str
    crew: Crew
    evaluator: Evaluator
    found: Found


def stage_name(operator: str) -> str:
    """Name of the stage, and of its folder."""
    return f"{STAGE_PREFIX}{operator}"


def evolve(run: Run, operator: str, source: Source | None = None) -> dict[str, Any]:
    """Runs or resumes stage 1 with one operator.

    Args:
        run: writes to the folder `evolve-OPERATOR`.
        operator: one of `Evolve.operators`.
        source: gives each iteration what writes as `diff`; None: the configured model.

    Returns:
        The summary that is also written to the stage's folder.
    """
    config, stage = run.config.evolve, stage_name(operator)
    if (done := run.summary(stage)) is not None:
        return done
    with (
        Checkpoints(run.folder / stage / "checkpoints") as checkpoints,
        open_crew(run.config, operator, run.folder, source) as crew,
        run.pool(config.max_characters) as pool,
    ):
        evaluator = run.evaluator(pool, [config.terrain])
        found, start, drawn = _newest(run, stage, checkpoints)
        search = Search(run=run, stage=stage, crew=crew, evaluator=evaluator, found=found)
        start, drawn = _replay(search, start, drawn)
        if len(found.history) == 0:
            plant(config, found, evaluator)
            hosts.in_turn(found.history.flush)
        _search(search, checkpoints, start, drawn)
    return run.finish(stage, _summarise(run, stage, found))


def _search(search: Search, checkpoints: Checkpoints, start: int, drawn: Sequence[Draw]) -> None:
    """The iterations from `start` on, the first of them from parents that are drawn already."""
    run, stage, config = search.run, search.stage, search.run.config.evolve
    batch = config.parents * config.children
    with (
        Line(lambda draw: _make(search, draw), search.evaluator.execute) as line,
        run.progress(stage, config.iterations * batch, completed=start * batch) as progress,
        closing(search.crew),  # first, so that the line need not wait for slow answers
    ):
        for draw in drawn:
            line.start(draw)
        for iteration in range(start, config.iterations):
            for coming in range(iteration + len(line.drawn), _last_drawn(config, iteration) + 1):
                line.start(_draw(search, coming))
            numbers = _iterate(search, line)
            # The numbers first: an iteration that the history holds is not done again.
            run.metrics.write(stage, iteration, numbers)
            hosts.in_turn(search.found.history.flush)
            if search.crew.source is not None and run.placement.size > 1:
                line.settle()  # a program that trains starts in no one's midst
            search.crew.after(iteration, search.found)
            shown = {name: numbers[name] for name in ("niches", "qd_score", "best", "valid")}
            progress.advance(batch, _parts(numbers, batch), **shown)
            _show_best(search, progress, numbers["best_id"])
            finished = iteration + 1
            due = finished == config.iterations or finished % config.checkpoint_every == 0
            if (stop := stopping.is_asked()) or due:
                if hosts.count() > 1:
                    line.settle()  # as `Checkpoints` wants it
                _save(checkpoints, finished, search.found, line.drawn)
            if stop:
                raise stopping.StoppedError


def open_found(run: Run, operator: str) -> Found:
    """The archive and history of a finished stage, for reading; a pulled run has no checkpoints."""
    folder = run.folder / stage_name(operator)
    history = History.open(folder / "history", dim=run.config.physics.dim)
    if not (folder / "checkpoints").is_dir():

        def execute(programs: Sequence[str]) -> list[Execution]:
            with run.pool() as pool:
                return pool.run(programs)

        return Found(rebuilt(run.config, history, execute), history)
    with Checkpoints(folder / "checkpoints") as checkpoints:
        empty = make_archive(run.config)
        _, state, _ = checkpoints.restore(empty.state())
    return Found(empty.restored(state), history)


def _newest(run: Run, stage: str, checkpoints: Checkpoints) -> tuple[Found, int, Sequence[Draw]]:
    """The newest checkpoint that can be used, with the whole history; its iteration, its draws."""
    archive = make_archive(run.config)
    folder, writes = run.folder / stage / "history", hosts.is_writer()
    dim = run.config.physics.dim
    history, damage = hosts.in_turn(lambda: History.recover(folder, dim=dim, writes=writes))
    if damage:
        _log.warning("%s: %s; %d programs before it are kept", stage, damage, len(history))

    def fits(notes: Notes) -> str:
        held = len(history)
        return f"the history holds {held} programs of {notes['rows']}" * (held < notes["rows"])

    restored = checkpoints.recover(archive.state(), fits)
    if restored is None:
        return Found(archive, history), 0, []
    drawn = [Draw(**draw) for draw in restored.notes["drawn"]]
    return Found(archive.restored(restored.state), history), restored.step, drawn


def _replay(search: Search, start: int, drawn: Sequence[Draw]) -> tuple[int, Sequence[Draw]]:
    """Does again, from the history alone, what it holds beyond a checkpoint.

    Tells the selection of operators what the history knows, and drops an iteration that is not
    whole.

    Returns:
        The iteration to go on with, and the draws of it and those after it.
    """
    run, found, config = search.run, search.found, search.run.config.evolve
    batch, seeds = config.parents * config.children, len(config.seed_programs)
    whole = max(0, len(found.history) - seeds) // batch
    kept = seeds + whole * batch if len(found.history) >= seeds else 0
    hosts.in_turn(lambda: found.history.truncate(kept))
    run.metrics.truncate(search.stage, whole)
    rows = found.history.frame(columns(run.config))
    if start == 0:
        offer_again(run.config, found.archive, rows[:seeds], search.evaluator.execute)
    waiting = deque(drawn)
    for iteration in range(whole):
        of_iteration = rows[seeds + iteration * batch : seeds + (iteration + 1) * batch]
        if iteration >= start:
            for coming in range(iteration + len(waiting), _last_drawn(config, iteration) + 1):
                waiting.append(_draw(search, coming))
            waiting.popleft()
            offer_again(run.config, found.archive, of_iteration, search.evaluator.execute)
        search.crew.selection.learn(
            of_iteration["operator"].tolist(), of_iteration["admitted"].tolist()
        )
    if whole > start:
        search.crew.after(whole - 1, found)  # what came before is done
    return max(start, whole), list(waiting)


def _last_drawn(config: Evolve, iteration: int) -> int:
    """The last iteration whose parents are drawn before an iteration is judged."""
    return min(iteration + config.ahead, config.iterations - 1)


def _draw(search: Search, iteration: int) -> Draw:
    """Chooses parents for an iteration, and their operators, by what is known now."""
    config = search.run.config.evolve
    rng = np.random.default_rng(search.run.seed(f"{search.stage}/parents", iteration))
    parents = search.found.archive.sample(rng, config.parents)
    operators = search.crew.selection.choose(rng, config.parents)
    return Draw(iteration=iteration, parents=parents.tolist(), operators=operators)


def _make(search: Search, draw: Draw) -> list[Child]:
    """The children of a draw; it may run in a thread of its own."""
    team = search.crew.team(draw.iteration)
    return team(
        draw.operators,
        [search.found.history.program(parent) for parent in draw.parents],
        search.run.config.evolve.children,
        search.run.seed(f"{search.stage}/children", draw.iteration),
    )


def _iterate(search: Search, line: Line) -> dict[str, Any]:
    """Judges the next brood and offers it to the archive; returns the iteration's numbers."""
    found, config, clock = search.found, search.run.config.evolve, Stopwatch()
    brood = line.take()
    clock.lap("waiting")
    family = _family(search, brood)
    clock.lap("physics")
    confirmed = confirm(config, found.archive, search.evaluator, family)
    clock.lap("confirmation")
    inhabited = np.flatnonzero(found.archive.occupied)
    shares = admitted_shares(config, found.archive, confirmed)
    records = admit(config, found, confirmed, brood.draw.iteration)
    search.crew.selection.learn(
        [record.operator for record in records], [record.admitted for record in records]
    )
    clock.lap("admission")
    drawn, seconds = search.crew.drawn(brood.draw.iteration), sum(clock.seconds.values())
    devices = search.run.placement.size
    return {
        **asdict(archive_metrics(found.archive)),
        **tally(records, inhabited.tolist()),
        **endpoints.spent(brood.children),
        **shares,
        **search.evaluator.hit_rates(),
        "evaluations": len(found.history),
        "outside_grid": float(np.mean(outside_grid(found.archive.grid, confirmed))),
        "mutation_seconds": brood.mutation_seconds,
        "program_seconds": brood.program_seconds,
        **clock.seconds,
        "iteration_seconds": seconds,
        **throughput(
            seconds=seconds,
            device_seconds=devices * (drawn.seconds + clock.seconds["physics_seconds"]),
            tokens=drawn.tokens,
            token_seconds=drawn.seconds,
            evaluations=len(brood.children),
            operations=drawn.operations,
        ),
    }


def _family(search: Search, brood: Brood) -> list[Offspring]:
    """The children of a brood with their parents and what became of them."""
    terrain, executions = search.run.config.evolve.terrain, brood.executions
    evaluations = search.evaluator.judge(executions, [terrain] * len(executions))
    each = len(brood.children) // len(brood.draw.parents)
    parents = [parent for parent in brood.draw.parents for _ in range(each)]
    return bring_together(parents, brood.children, evaluations)


def _parts(numbers: dict[str, Any], batch: int) -> dict[str, Part]:
    """How much of an iteration each part was busy, and how many children it does a second."""
    whole, seconds = numbers["iteration_seconds"], {p: numbers[f"{p}_seconds"] for p in PARTS}
    return {
        part: Part(busy=taken / whole, rate=batch / taken if taken > 0.0 else 0.0)
        for part, taken in seconds.items()
    }


def _show_best(search: Search, progress: StageProgress, best: int) -> None:
    """The best walker walks where somebody looks on; drawn once.

    Not on several hosts: they run programs together, and somebody looks on at one of them.
    """
    config = search.run.config
    title = f"program {best} walks"
    if (
        not progress.has_eyes
        or hosts.count() > 1
        or (progress.picture and progress.picture.title == title)
    ):
        return
    (execution,) = search.evaluator.execute([search.found.history.program(best)])
    if execution.body is not None:
        progress.picture = moving(config, execution.body, config.evolve.terrain, title)


def _save(checkpoints: Checkpoints, iteration: int, found: Found, drawn: Sequence[Draw]) -> None:
    notes = {"rows": len(found.history), "drawn": [asdict(draw) for draw in drawn]}
    checkpoints.save(iteration, found.archive.state(), notes)


def _summarise(run: Run, stage: str, found: Found) -> dict[str, Any]:
    numbers = run.metrics.read(stage)
    seconds = float(numbers["iteration_seconds"].sum())
    rows = found.history.frame(["outcome", "reason"])
    busy = {part: float(numbers[f"{part}_seconds"].sum()) / seconds for part in PARTS}
    return {
        **asdict(archive_metrics(found.archive)),
        **{name: float(numbers[name].mean()) for name in (*RATES, *ADMITTED_BY, *HITS)},
        "evaluations": len(found.history),
        "seconds": seconds,
        "evaluations_per_second": len(found.history) / seconds,
        "busy": busy,
        "operators": totals(numbers, "operator"),
        "messages": totals(numbers, "message"),
        "outcomes": outcome_counts(rows),
        "errors": error_counts(rows),
        **endpoints.spent_in_all(numbers),
    }
