"""Programs per second: the jail by kind of program and number of workers, against plain Python.

Plain Python is `compile` and `exec` in one process, with the names of the walker language and a
call of the entry, and nothing that confines, limits or checks: the speed that safety is paid from.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from elmjax.bench.display import Columns, show_rows
from elmjax.bench.record import circumstances, default_folder, write_record
from elmjax.bench.timing import quartiles
from elmjax.config import ConfigError
from elmjax.executions import Executions
from elmjax.programs import SEEDS, Limits, ProgramPool, Verdict, mutate
from elmjax.programs.interpreter import find_entry
from elmjax.programs.language import given_names
from elmjax.programs.tree.mutation import TreeEdit

SMALL = """\
from walk_creator import walker_creator

def make_walker():
    wc = walker_creator()
    a, b = wc.add_joint(0, 0), wc.add_joint(1, 2)
    wc.add_muscle(a, b, False, 0.5, 0.25)
    return wc.get_walker()
"""
_MUTATED = 200  # different programs of the kind `mutated`
_COLUMNS: Columns = {
    "kind": lambda row: row["kind"],
    "way": lambda row: row["way"],
    "workers": lambda row: str(row["workers"]),
    "programs/s": lambda row: f"{row['programs_per_second']:,.0f}",
    "quartiles": lambda row: " ".join(f"{quartile:,.0f}" for quartile in row["quartiles"]),
    "to plain": lambda row: f"{row['ratio_to_plain']:.2f} x",
}
_WARM_UP = 64  # programs run before the clock starts


def measure(
    *, workers: Sequence[int] = (1, 2), repeats: int = 10, programs: int = 2048
) -> list[dict[str, Any]]:
    """Measures every kind of program.

    Args:
        workers: Numbers of workers to measure.
        repeats: Measurements of each number; the median and the quartiles are reported.
        programs: Programs in one measurement.

    Returns:
        A row for each kind, way ("plain", "jail", or "jail, remembered") and number of workers,
        with programs per second and the ratio to plain Python.
    """
    kinds = {name: _repeat(texts, programs) for name, texts in _kinds().items()}
    rows = []
    for kind, texts in kinds.items():
        rows.append(_row(kind, "plain", 1, _rates(_run_plain, texts, repeats)))
    for count in workers:
        with ProgramPool(workers=count) as pool:
            for kind, texts in kinds.items():
                rows.append(_row(kind, "jail", count, _rates(pool.run, texts, repeats)))
                known = Executions(pool, remembered=len(texts))
                rates = _rates(known.run, texts, repeats)
                rows.append(_row(kind, "jail, remembered", count, rates))
    plain = {row["kind"]: row["programs_per_second"] for row in rows if row["way"] == "plain"}
    return [
        {**row, "ratio_to_plain": row["programs_per_second"] / plain[row["kind"]]} for row in rows
    ]


def bench_programs(repeats: int, folder: Path | None) -> dict[str, Any]:
    """Measures, shows a table and writes programs.json.

    Args:
        repeats: Timed calls a row.
        folder: Where to write; None for docs/benchmarks/MACHINE in a checkout, else bench.

    Raises:
        ConfigError: for no repeats.
    """
    if repeats < 1:
        raise ConfigError(f"--repeats: got {repeats}, wanted at least 1")
    folder = folder or default_folder()
    console = Console()
    rows = show_rows("Programs", _COLUMNS, measure(repeats=repeats), console)
    respawn = respawn_milliseconds()
    console.print(f"a worker is replaced in {statistics.median(respawn):.1f} ms", highlight=False)
    record = {
        **circumstances("programs", f"elmjax bench programs --repeats {repeats}"),
        "rows": rows,
        "respawn_milliseconds": list(quartiles(respawn)),
    }
    write_record(record, folder / "programs.json")
    console.print(f"wrote {folder}/programs.json", highlight=False, markup=False)
    return record


def respawn_milliseconds(repeats: int = 50) -> list[float]:
    """Times, in ms, from the end of a worker to the greeting of its successor, of every repeat."""
    from elmjax.programs.jail import Jail
    from elmjax.programs.nursery import Nursery

    limits = Limits()
    nursery = Nursery(limits)
    jail = Jail(limits, nursery=nursery)
    jail.await_ready()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        jail.kill()
        jail = Jail(limits, nursery=nursery)
        jail.await_ready()
        taken.append(1e3 * (time.perf_counter() - began))
    jail.kill()
    nursery.close()
    return taken


def _kinds() -> dict[str, list[str]]:
    return {**{name: [text] for name, text in SEEDS.items()}, **_mixtures()}


def _mixtures() -> dict[str, list[str]]:
    rng = random.Random(0)
    edits = [mutate(rng.choice(list(SEEDS.values())), rng) for _ in range(2 * _MUTATED)]
    edited = [edit.program for edit in edits if isinstance(edit, TreeEdit)]
    with ProgramPool(workers=1) as pool:
        # Plain Python has no time limit, so only what ends can be measured.
        outcomes = pool.run(edited)
    ended = [
        text
        for text, outcome in zip(edited, outcomes, strict=True)
        if outcome.verdict is Verdict.OK
    ]
    return {"seeds": list(SEEDS.values()), "small": [SMALL], "mutated": ended[:_MUTATED]}


def _repeat(texts: list[str], programs: int) -> list[str]:
    return (texts * (programs // len(texts) + 1))[:programs]


def _run_plain(texts: Sequence[str]) -> None:
    for text in texts:
        names = given_names(text)
        exec(compile(text, "<program>", "exec", dont_inherit=True), names)
        entry = find_entry(names)
        if entry is not None:
            entry()
        names.clear()


def _rates(
    run: Callable[[Sequence[str]], object], texts: Sequence[str], repeats: int
) -> list[float]:
    """Programs per second, of every repeat."""
    run(texts[:_WARM_UP])
    rates = []
    for _ in range(repeats):
        began = time.perf_counter()
        run(texts)
        rates.append(len(texts) / (time.perf_counter() - began))
    return rates


def _row(kind: str, way: str, workers: int, rates: list[float]) -> dict[str, Any]:
    low, median, high = quartiles(rates)
    return {
        "kind": kind,
        "way": way,
        "workers": workers,
        "programs_per_second": median,
        "quartiles": [low, high],
        "repeats": len(rates),
    }
