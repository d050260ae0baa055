"""The tables of docs/benchmarks.md, made from the committed records.

A table stands between two comments, the first of which names its record beside the page:

    <!-- table amd-epyc-2cores/physics.json -->
    <!-- end of table -->

`python -m elmjax.bench.tables docs/benchmarks.md` writes all of them anew.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from elmjax.bench.record import read_record
from elmjax.files import write_whole
from elmjax.report.table import markdown_table

Record = Mapping[str, Any]

BETWEEN = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
PARTS = ("mutation", "program", "physics", "confirmation", "admission")  # of stage 1
LOOKS = 4  # steps of the TPU's kernel that share one look at the terrain


class TableError(ValueError):
    """A page asks for a table that cannot be made."""


def fill(page: str, records: Path) -> str:
    """Writes every table of a page anew.

    Args:
        page: Markdown with marked places.
        records: Folder that the names of records start from.

    Returns:
        The page with the tables of its records.

    Raises:
        TableError: A record is missing, broken, or of a benchmark that has no table.
    """
    return BETWEEN.sub(lambda found: found[1] + table(records / found[2]) + found[3], page)


def table(path: Path) -> str:
    """The table of one record, below a line that says what measured it, where and when.

    Raises:
        TableError: The record is missing, broken, or of a benchmark that has no table.
    """
    try:
        record = read_record(path)
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: {error}") from None
    make = TABLES.get(record["benchmark"])
    if make is None:
        raise TableError(
            f"{path}: got the benchmark {record['benchmark']!r}, wanted one of {', '.join(TABLES)}"
        )
    return f"\n{make(record)}\n\n{_source(record)}\n\n"


def _source(record: Record) -> str:
    machine, versions, commit = record["machine"], record["versions"], record["commit"]
    changed = "+" if commit.endswith("+") else ""
    return (
        f"`{record['command']}`: {machine['cpu']}, {machine['cores']} cores, "
        f"jax {versions['jax']}, {record['date'][:10]}, commit {commit[:8]}{changed}."
    )


def _physics(record: Record) -> str:
    """Evaluations/s by number of walkers, and beside Box2D where it ran."""
    batches = sorted({row["batch"] for row in record["rows"]})
    rates = {(*_case(row), row["batch"]): row["evaluations_per_second"] for row in record["rows"]}
    rivals = {_case(row): row for row in record["comparisons"]}
    head = ["backend", "walkers", *(f"{batch:,} in a call" for batch in batches)]
    if rivals:
        head += ["Box2D, one core", "machine / core", "core / core"]
    return markdown_table(
        head,
        (
            [case[0], f"{case[1]}, {case[2]}"]
            + [_rate(rates.get((*case, batch))) for batch in batches]
            + (_beside(rivals.get(case)) if rivals else [])
            for case in dict.fromkeys(_case(row) for row in record["rows"])
        ),
    )


def _case(row: Record) -> tuple[str, str, str]:
    return row["backend"], row["bucket"], row["terrain"]


def _beside(row: Record | None) -> list[str]:
    if row is None:
        return ["-"] * 3
    ratios = (row["machine_ratio"], row["core_ratio"])
    return [
        f"{row['box2d']:.1f}",
        *("-" if ratio is None else f"{ratio:.1f} x" for ratio in ratios),
    ]


def _programs(record: Record) -> str:
    """Programs/s by kind: plain Python, then each way and number of workers."""
    ways = list(dict.fromkeys((row["way"], row["workers"]) for row in record["rows"]))
    rates = {(row["kind"], row["way"], row["workers"]): row for row in record["rows"]}
    return markdown_table(
        ["programs", *(way if way == "plain" else f"{way}, workers: {n}" for way, n in ways)],
        (
            [kind, *(_rate(rates[kind, *way]["programs_per_second"]) for way in ways)]
            for kind in dict.fromkeys(row["kind"] for row in record["rows"])
        ),
    )


def _decode(record: Record) -> str:
    """Tokens/s and applied diffs/s by children of a parent."""
    diffs = {(row["batch"], row["children"]): row for row in record.get("diffs", ())}
    rows = []
    for row in record["rows"]:
        edits = diffs.get((row["batch"], row["children"]))
        applied = "-" if edits is None else _rate(edits["diffs_per_second"])
        rows.append(
            [
                row["model"],
                str(row["batch"]),
                str(row["children"]),
                _rate(row["tokens_per_second"]),
                f"{row['ratio']:.2f} x",
                "-" if edits is None else f"{applied} (`{edits['model']}`)",
            ]
        )
    head = ["model", "children", "of each parent", "tokens/s", "against separate memories"]
    return markdown_table([*head, "applied diffs/s"], rows)


def _pipeline(record: Record) -> str:
    """Evaluations/s of stage 1 by operator, and the share of time in which a part was at work."""
    return markdown_table(
        ["operator", "evaluations/s", *PARTS, "niches"],
        (
            [f"`{row['operator']}`", _rate(row["evaluations_per_second"])]
            + [f"{100 * row['busy'][part]:.0f} %" for part in PARTS]
            + [_rate(row["niches"])]
            for row in record["rows"]
        ),
    )


def _bundles(record: Record) -> str:
    """Bundles a step of the TPU's kernel, and the rate that they come to, chip by chip."""
    chips = list(dict.fromkeys(row["chip"] for row in record["rows"]))
    found = {
        (_body(row), ground, row["chip"]): row
        for row in record["rows"]
        for ground in ("level ground", row["terrain"])
    }
    head = [f"{chip}, {what}" for chip in chips for what in ("bundles a step", "evaluations/s")]
    rows = []
    for body, ground in dict.fromkeys((body, ground) for body, ground, _ in found):
        cells = [_chip(found[body, ground, chip], ground) for chip in chips]
        rows.append([f"{body}, {ground}", *(cell for pair in cells for cell in pair)])
    return markdown_table(["walkers", *head], rows)


def _body(row: Record) -> str:
    return f"{row['joints']}x{row['springs']}"


def _chip(row: Record, ground: str) -> list[str]:
    if ground == "level ground":
        return [_rate(row["level_step"]), _rate(row["level_evaluations_per_second"])]
    step = row["ground_step"] + (row["look"] + row["look_group"]) / LOOKS
    return [_rate(step), _rate(row["ground_evaluations_per_second"])]


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


TABLES: Mapping[str, Callable[[Record], str]] = {
    "physics": _physics,
    "programs": _programs,
    "decode": _decode,
    "pipeline": _pipeline,
    "bundles": _bundles,
}


def main(pages: Sequence[str]) -> int:
    """Fills the tables of pages, from the records in `benchmarks/` beside each."""
    for name in pages:
        page = Path(name)
        write_whole(page, fill(page.read_text(encoding="utf-8"), page.parent / "benchmarks"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
