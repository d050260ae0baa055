"""`elmjax bench physics`: how fast this machine simulates walks, and how that compares."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from elmjax.bench.display import Columns, show_rows
from elmjax.bench.peaks import Peaks, measure_peaks
from elmjax.bench.plan import Plan
from elmjax.bench.plot import plot_record
from elmjax.bench.record import circumstances, default_folder, write_record
from elmjax.bench.sweep import Row, scaling, sweep
from elmjax.config import ConfigError
from physics.backends.backend import open_backend

_SWEEP: Columns = {
    "backend": lambda row: row.backend,
    "bucket": lambda row: row.bucket,
    "terrain": lambda row: row.terrain,
    "batch": lambda row: f"{row.batch:,}",
    "workers": lambda row: str(row.workers),
    "compile s": lambda row: f"{row.compile_seconds:.2f}",
    "median s": lambda row: f"{row.median_seconds:.4g}",
    "quartiles": lambda row: _relative(
        row.median_seconds, row.lower_quartile_seconds, row.upper_quartile_seconds
    ),
    "evals/s": lambda row: f"{row.evaluations_per_second:,.0f}",
    "M steps/s": lambda row: f"{row.walker_steps_per_second / 1e6:.2f}",
    "FLOP/s": lambda row: f"{100 * row.flops_share:.2f} %",
    "bytes/s": lambda row: f"{100 * row.bandwidth_share:.2f} %",
    "cores": lambda row: f"{row.busy_cores:.1f}",
    "GiB": lambda row: f"{row.peak_resident_bytes / 2**30:.2f}",
}

_COMPARISON: Columns = {
    "backend": lambda row: row.backend,
    "bucket": lambda row: row.bucket,
    "terrain": lambda row: row.terrain,
    "batch": lambda row: f"{row.batch:,}",
    "ours, evals/s": lambda row: f"{row.ours:,.0f}",
    "Box2D, evals/s": lambda row: f"{row.box2d:,.1f}",
    "its solver alone": lambda row: f"{row.box2d_solver:,.1f}",
    "machine / core": lambda row: f"{row.machine_ratio:.1f} x",
    "core / core": lambda row: "-" if row.core_ratio is None else f"{row.core_ratio:.1f} x",
    "correlation": lambda row: "-" if row.correlation is None else f"{row.correlation:.3f}",
}


def bench_physics(plan: Plan, folder: Path | None) -> dict[str, Any]:
    """Runs a plan, shows rows as they come, and writes physics.json and physics.png.

    Args:
        plan: What to run.
        folder: Where to write; None for docs/benchmarks/MACHINE in a checkout, else bench.

    Raises:
        ConfigError: where a comparison needs a package that is not installed.
        OSError: where the folder cannot be written; raised before anything is measured.
    """
    compare = _comparer() if plan.against else None
    folder = folder or default_folder()
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    peaks = measure_peaks()
    console.print(
        f"peaks: {peaks.flops_per_second / 1e9:,.1f} GFLOP/s float32, "
        f"{peaks.bytes_per_second / 1e9:,.1f} GB/s",
        highlight=False,
    )
    rows = show_rows("Walks", _SWEEP, sweep(plan, peaks), console)
    scaled = show_rows("Scaling", _SWEEP, scaling(plan, peaks), console)
    compared = show_rows("Against Box2D", _COMPARISON, compare(plan), console) if compare else []
    record = make_record(plan, peaks, rows=rows, scaling=scaled, comparisons=compared)
    write_record(record, folder / "physics.json")
    plot_record(record, folder / "physics.png")
    console.print(f"wrote {folder}/physics.json and physics.png", highlight=False, markup=False)
    return record


def make_record(
    plan: Plan,
    peaks: Peaks,
    *,
    rows: Sequence[Row],
    scaling: Sequence[Row],
    comparisons: Sequence[Any],
) -> dict[str, Any]:
    """Puts results and their circumstances together; plain data.

    Args:
        plan: What was asked for.
        peaks: What the device can do at best.
        rows: The sweep.
        scaling: Rows over the number of workers.
        comparisons: Instances of `elmjax.bench.comparison.Comparison`, whose module needs Box2D.
    """
    return {
        **circumstances("physics", plan.command),
        "walk_seconds": plan.seconds,
        "repeats": plan.repeats,
        "backends": {name: open_backend(name).name for name in plan.backends},
        "peaks": dataclasses.asdict(peaks),
        "rows": [dataclasses.asdict(row) for row in rows],
        "scaling": [dataclasses.asdict(row) for row in scaling],
        "comparisons": [dataclasses.asdict(comparison) for comparison in comparisons],
        "peak_resident_bytes": max(row.peak_resident_bytes for row in (*rows, *scaling)),
    }


def _relative(middle: float, lower: float, upper: float) -> str:
    """How far two numbers lie below and above a third."""
    return f"{100 * (lower / middle - 1):+.0f} {100 * (upper / middle - 1):+.0f} %"


def _comparer() -> Any:
    """The comparison with Box2D, which is imported only here."""
    try:
        from elmjax.bench.comparison import compare
    except ModuleNotFoundError as error:
        if error.name != "Box2D":
            raise
        raise ConfigError(
            "--against: got 'box2d', wanted the package Box2D: pip install elmjax[box2d]"
        ) from None
    return compare
