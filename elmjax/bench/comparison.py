"""Our walks against the same walks in Box2D, in turns, so that both see the same machine."""

import dataclasses
import statistics
import time
from collections.abc import Iterator, Sequence

import numpy as np

from elmjax.bench.box2d import Box2DWalk, make_ground, walk_in_box2d
from elmjax.bench.cases import bucket_name, case_polylines, in_turn, random_bodies
from elmjax.bench.machine import count_cores
from elmjax.bench.plan import Plan
from elmjax.bench.walks import runs_on_cpu, walk, worker_counts
from physics.body import Body, Capacity
from physics.terrain import Polylines, build
from physics.types import Outcome, Terrain
from physics.world import World

# Box2D walks the first of our walkers only: a second a repeat, where thousands would take minutes.
BOX2D_WALKERS = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """One case; rates are evaluations a second, medians over the repeats."""

    backend: str
    bucket: str
    terrain: str
    batch: int  # walkers of our call
    box2d_walkers: int  # how many of them Box2D walked, on one core
    ours: float
    box2d: float  # from body to outcome, with the Python loop that sets rest lengths
    box2d_solver: float  # counting the time inside Box2D's own step only
    machine_ratio: float  # our whole machine over one core of Box2D, median of the paired ratios
    core_ratio: float | None  # the same over this machine's cores; None on an accelerator
    solver_machine_ratio: float  # as `machine_ratio`, against Box2D's own step
    pair_ratios: list[float]  # of `ours` and `box2d`, in order
    correlation: float | None  # Pearson, of displacements; None where it is not defined


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Case:
    backend: str
    capacity: Capacity
    terrain: str
    seconds: float  # of a walk
    bodies: Sequence[Body]
    lines: Sequence[Polylines]  # one for each body
    tables: Sequence[Terrain]  # the same, as our simulation reads them


@dataclasses.dataclass(frozen=True)
class _Pair:
    """Evaluations a second of one repeat of each."""

    ours: float
    box2d: float
    box2d_solver: float


def compare(plan: Plan) -> Iterator[Comparison]:
    """Compares every backend, bucket and terrain at the largest batch."""
    for backend in plan.backends:
        for capacity in plan.buckets:
            bodies = random_bodies(capacity, max(plan.batches))
            for terrain in plan.terrains:
                polylines = case_polylines(terrain)
                case = _Case(
                    backend=backend,
                    capacity=capacity,
                    terrain=terrain,
                    seconds=plan.seconds,
                    bodies=bodies,
                    lines=in_turn(polylines, len(bodies)),
                    tables=in_turn([build(lines) for lines in polylines], len(bodies)),
                )
                yield _compare(case, plan.repeats)


def _compare(case: _Case, repeats: int) -> Comparison:
    sample = min(len(case.bodies), BOX2D_WALKERS)
    _walk_ours(case)  # compiles
    pairs = []
    for _ in range(repeats):
        outcome, our_seconds = _walk_ours(case)
        walks, box2d_seconds = _walk_in_box2d(case, sample)
        pairs.append(
            _Pair(
                len(case.bodies) / our_seconds,
                sample / box2d_seconds,
                sample / sum(each.solver_seconds for each in walks),
            )
        )
    ratios = [pair.ours / pair.box2d for pair in pairs]
    machine_ratio = statistics.median(ratios)
    return Comparison(
        backend=case.backend,
        bucket=bucket_name(case.capacity),
        terrain=case.terrain,
        batch=len(case.bodies),
        box2d_walkers=sample,
        ours=statistics.median(pair.ours for pair in pairs),
        box2d=statistics.median(pair.box2d for pair in pairs),
        box2d_solver=statistics.median(pair.box2d_solver for pair in pairs),
        machine_ratio=machine_ratio,
        core_ratio=machine_ratio / count_cores() if runs_on_cpu() else None,
        solver_machine_ratio=statistics.median(pair.ours / pair.box2d_solver for pair in pairs),
        pair_ratios=ratios,
        correlation=_correlation(
            outcome.displacement[:sample], [each.displacement for each in walks]
        ),
    )


def _walk_ours(case: _Case) -> tuple[Outcome, float]:
    """Outcome and elapsed seconds, on the whole machine."""
    workers = worker_counts()[-1]
    started = time.perf_counter()
    outcome = walk(
        case.bodies, case.tables, backend=case.backend, workers=workers, seconds=case.seconds
    )
    return outcome, time.perf_counter() - started


def _walk_in_box2d(case: _Case, count: int) -> tuple[list[Box2DWalk], float]:
    """Walks of the first bodies and the seconds they took, on one core."""
    walks, elapsed, world = [], 0.0, World()
    for body, lines in zip(case.bodies[:count], case.lines, strict=False):
        # The terrain is not timed: our tables are made before the call as well.
        scene = make_ground(lines, world)
        started = time.perf_counter()
        walks.append(walk_in_box2d(scene, body, lines, world=world, seconds=case.seconds))
        elapsed += time.perf_counter() - started
    return walks, elapsed


def _correlation(ours: np.ndarray, theirs: Sequence[float]) -> float | None:
    if len(theirs) < 2 or np.ptp(ours) == 0.0 or np.ptp(theirs) == 0.0:
        return None
    return float(np.corrcoef(ours, theirs)[0, 1])
