"""`elmjax bench pipeline`: how fast this machine evolves, mutation to admission, by operator.

A row is one run of stage 1 in a folder of its own. Its rate is the median over windows of equally
many iterations, the first of which, where most is compiled, does not count.
"""

import dataclasses
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from elmjax.bench import memory
from elmjax.bench.display import Columns, show_rows
from elmjax.bench.options import command_line
from elmjax.bench.record import circumstances, default_folder, write_record
from elmjax.bench.timing import quartiles
from elmjax.config import Config, ConfigError
from elmjax.stages.evolve import PARTS, evolve, stage_name
from elmjax.stages.pipeline import open_run

WINDOWS = 11


def _busy(part: str) -> Callable[[Any], str]:
    return lambda row: f"{100 * row.busy[part]:.0f} %"


_COLUMNS: Columns = {
    "operator": lambda row: row.operator,
    "evaluations": lambda row: f"{row.evaluations:,}",
    "evaluations/s": lambda row: f"{row.evaluations_per_second:,.0f}",
    "quartiles": lambda row: " ".join(f"{rate:,.0f}" for rate in row.quartiles),
    "with compiling": lambda row: f"{row.whole_evaluations_per_second:,.0f}",
    **{part: _busy(part) for part in PARTS},
    "niches": lambda row: f"{row.niches:,}",
    "GiB": lambda row: f"{row.peak_resident_bytes / 2**30:.2f}",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One run."""

    operator: str
    seed_programs: tuple[str, ...]
    terrain: str
    parents: int
    children: int
    ahead: int
    evaluations: int
    evaluations_per_second: float  # median of the windows
    quartiles: tuple[float, float]
    whole_evaluations_per_second: float  # of the whole run, compilation included
    busy: dict[str, float]  # share of the windows' time in which each part was at work
    program_hits: float  # share of programs that were known
    walk_hits: float  # share of walks that were known
    niches: int
    qd_score: float  # m
    peak_resident_bytes: int  # of this process, without its workers
    window_seconds: list[float]  # in order, the first one too


def bench_pipeline(
    config: Config, base: str | None, overrides: Sequence[tuple[str, str]], folder: Path | None
) -> dict[str, Any]:
    """Evolves with every one of `evolve.operators`, shows a row for each, writes pipeline.json.

    Args:
        config: What to run; its seed and everything under `evolve` count.
        base: The configuration that it was made from, for the record.
        overrides: What was changed in it, for the record.
        folder: Where to write; None for docs/benchmarks/MACHINE in a checkout, else bench.

    Raises:
        ConfigError: Too few iterations for the windows, or what a run would refuse.
    """
    if config.evolve.iterations < WINDOWS:
        raise ConfigError(
            f"evolve.iterations: got {config.evolve.iterations}, wanted at least {WINDOWS}, one "
            "for each window that is timed"
        )
    folder = folder or default_folder()
    console = Console()
    # Shown together at the end: the runs show their own progress meanwhile.
    rows = show_rows("Stage 1, end to end", _COLUMNS, list(_sweep(config)), console)
    record = {
        **circumstances("pipeline", _command(base, overrides)),
        "rows": [dataclasses.asdict(row) for row in rows],
    }
    write_record(record, folder / "pipeline.json")
    console.print(f"wrote {folder}/pipeline.json", highlight=False, markup=False)
    return record


def _sweep(config: Config) -> Iterator[Row]:
    for operator in config.evolve.operators:
        memory.reset_peak()
        with (
            tempfile.TemporaryDirectory() as folder,
            open_run(Path(folder) / "run", config) as run,
        ):
            reached = evolve(run, operator)
            yield _row(config, operator, reached, run.metrics.read(stage_name(operator)))


def _row(config: Config, operator: str, reached: dict[str, Any], log: pd.DataFrame) -> Row:
    search = config.evolve
    windows = [log.iloc[rows] for rows in np.array_split(np.arange(len(log)), WINDOWS)]
    batch = search.parents * search.children
    seconds = [float(window["iteration_seconds"].sum()) for window in windows]
    rates = [len(some) * batch / spent for some, spent in zip(windows, seconds, strict=True)]
    low, rate, high = quartiles(rates[1:])
    timed = pd.concat(windows[1:])
    return Row(
        operator=operator,
        seed_programs=search.seed_programs,
        terrain=search.terrain,
        parents=search.parents,
        children=search.children,
        ahead=search.ahead,
        evaluations=reached["evaluations"],
        evaluations_per_second=rate,
        quartiles=(low, high),
        whole_evaluations_per_second=reached["evaluations_per_second"],
        busy={
            part: float(timed[f"{part}_seconds"].sum() / timed["iteration_seconds"].sum())
            for part in PARTS
        },
        program_hits=reached["program_hits"],
        walk_hits=reached["walk_hits"],
        niches=reached["niches"],
        qd_score=reached["qd_score"],
        peak_resident_bytes=memory.peak_bytes(),
        window_seconds=seconds,
    )


def _command(base: str | None, overrides: Sequence[tuple[str, str]]) -> str:
    """The command that repeats the benchmark; of files it names the last part."""
    options = {} if base is None else {"--config": Path(base).name}
    for name, value in overrides:
        options[f"--{name}"] = Path(value).name if name == "evolve.model" else value
    return command_line("pipeline", options)
