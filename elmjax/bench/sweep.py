"""Timings of walks over backends, buckets, terrains, batch sizes and workers."""

import dataclasses
from collections.abc import Iterator, Sequence

from elmjax.bench import memory
from elmjax.bench.cases import bucket_name, case_polylines, in_turn, random_bodies
from elmjax.bench.costs import bytes_per_substep, flops_per_substep
from elmjax.bench.peaks import Peaks
from elmjax.bench.plan import Plan
from elmjax.bench.timing import Timing, time_repeats
from elmjax.bench.walks import walk, worker_counts
from physics.body import Body, Capacity
from physics.terrain import build
from physics.types import Outcome, Terrain
from physics.world import World


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row(Timing):
    """One call of the simulation, measured: packing, terrains, walks, outcome.

    A program is compiled once a process, so `compile_seconds` is 0 where an earlier row of the
    sweep needed the same programs.
    """

    backend: str
    bucket: str  # joints x springs
    terrain: str
    batch: int  # walkers
    workers: int
    evaluations_per_second: float  # by the median
    walker_steps_per_second: float
    flops_share: float  # nominal operations a second over the measured peak
    bandwidth_share: float  # nominal bytes a second over the measured peak
    peak_resident_bytes: int
    diverged: int  # walkers


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Setting:
    backend: str
    capacity: Capacity
    terrain: str
    batch: int
    workers: int


def sweep(plan: Plan, peaks: Peaks) -> Iterator[Row]:
    """Rows of every combination, with all workers, as they are measured."""
    most = worker_counts()[-1]
    for backend in plan.backends:
        for capacity in plan.buckets:
            bodies = random_bodies(capacity, max(plan.batches))
            for terrain in plan.terrains:
                tables = [build(lines) for lines in case_polylines(terrain)]
                for batch in plan.batches:
                    setting = _Setting(
                        backend=backend,
                        capacity=capacity,
                        terrain=terrain,
                        batch=batch,
                        workers=most,
                    )
                    yield _measure(setting, bodies, tables, plan, peaks)


def scaling(plan: Plan, peaks: Peaks) -> Iterator[Row]:
    """Rows over the number of workers: first bucket, first terrain, largest batch."""
    if len(worker_counts()) == 1:
        return
    capacity, terrain, batch = plan.buckets[0], plan.terrains[0], max(plan.batches)
    bodies = random_bodies(capacity, batch)
    tables = [build(lines) for lines in case_polylines(terrain)]
    for backend in plan.backends:
        for workers in worker_counts():
            setting = _Setting(
                backend=backend, capacity=capacity, terrain=terrain, batch=batch, workers=workers
            )
            yield _measure(setting, bodies, tables, plan, peaks)


def _measure(
    setting: _Setting, bodies: Sequence[Body], tables: Sequence[Terrain], plan: Plan, peaks: Peaks
) -> Row:
    walkers, terrains = bodies[: setting.batch], in_turn(tables, setting.batch)
    outcomes: list[Outcome] = []

    def call() -> None:
        outcomes[:] = [
            walk(
                walkers,
                terrains,
                backend=setting.backend,
                workers=setting.workers,
                seconds=plan.seconds,
            )
        ]

    memory.reset_peak()
    timing = time_repeats(call, plan.repeats)
    evaluations = setting.batch / timing.median_seconds
    steps = evaluations * round(plan.seconds * World().substeps_per_second)
    size = (setting.capacity.joints, setting.capacity.springs)
    return Row(
        backend=setting.backend,
        bucket=bucket_name(setting.capacity),
        terrain=setting.terrain,
        batch=setting.batch,
        workers=setting.workers,
        evaluations_per_second=evaluations,
        walker_steps_per_second=steps,
        flops_share=steps * flops_per_substep(*size) / peaks.flops_per_second,
        bandwidth_share=steps * bytes_per_substep(*size) / peaks.bytes_per_second,
        peak_resident_bytes=memory.peak_bytes(),
        diverged=int(outcomes[0].diverged.sum()),
        **dataclasses.asdict(timing),
    )
