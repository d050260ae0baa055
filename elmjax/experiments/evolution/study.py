"""What all experiments on stage 1 share: conditions written down, measured, and laid side by side.

RUN/plan.json      the conditions, written before the first of them is run
RUN/results.json   what was measured, by condition
RUN/runs/          the runs themselves
RUN/table.md       means with 95 % intervals, beside what was published
RUN/curves.png     niches and QD score over evaluations
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from elmjax.experiments.evolution.condition import CURVE, Condition, measure
from elmjax.experiments.evolution.tables import Quantity, table
from elmjax.experiments.results import Results
from elmjax.files import write_whole
from elmjax.report import Interval, mean_interval, search_curves

Measured = list[tuple[Condition, dict[str, Any]]]
# What others published of a quantity: by line, by column.
Published = Callable[[str], Mapping[str, Mapping[str, float]]]


def measure_all(results: Results, conditions: Sequence[Condition]) -> Measured:
    """Writes the plan, runs what is not known yet, and returns what every condition reached."""
    announce(results, [condition.describe() for condition in conditions])
    return [(condition, measure(results, condition)) for condition in conditions]


def announce(results: Results, described: Sequence[Mapping[str, Any]]) -> None:
    """Writes down the conditions before the first of them is run."""
    write_whole(results.folder / "plan.json", json.dumps(described, indent=1) + "\n")


def write(
    folder: Path,
    measured: Measured,
    quantities: Sequence[Quantity],
    published: Published,
    *,
    remark: str,
    head: str = "",
) -> None:
    """Writes and prints the tables, and draws the curves.

    Args:
        folder: Where `table.md` and `curves.png` go.
        measured: What the conditions reached.
        quantities: A table each.
        published: Lines to stand below ours.
        remark: On how to compare the two.
        head: A table to stand above them.
    """
    columns = list(dict.fromkeys(condition.column for condition, _ in measured))
    tables = [
        table(
            quantity,
            columns,
            {**means(gather(measured, quantity.name)), **published(quantity.name)},
        )
        for quantity in quantities
    ]
    text = (
        "\n".join([*([head] if head else []), *tables])
        + f"\nOurs: mean of the repeats, 95 % interval. {remark}\n"
    )
    write_whole(folder / "table.md", f"{text}\n{settings(measured)}")
    search_curves(curves(measured), folder / "curves.png")
    Console().print(text, highlight=False, markup=False, soft_wrap=True)


def gather(measured: Measured, name: str) -> dict[str, dict[str, list[float]]]:
    """One quantity of all conditions: by line, by column, a value for each repeat."""
    found: dict[str, dict[str, list[float]]] = {}
    for condition, values in measured:
        of_line = found.setdefault(condition.line, {})
        of_line.setdefault(condition.column, []).append(values[name])
    return found


def means(gathered: Mapping[str, Mapping[str, list[float]]]) -> dict[str, dict[str, Interval]]:
    """Means over repeats with their 95 % intervals (Student's t)."""
    return {
        line: {column: mean_interval(values) for column, values in columns.items()}
        for line, columns in gathered.items()
    }


def curves(measured: Measured) -> pd.DataFrame:
    """The curves of all runs, for `report.search_curves`."""
    parts = [
        pd.DataFrame({name: values["curve"][name] for name in CURVE}).assign(
            line=condition.line, column=condition.column, repeat=condition.repeat
        )
        for condition, values in measured
    ]
    return pd.concat(parts, ignore_index=True)


def settings(measured: Measured) -> str:
    """How the lines came about: what is the same for all, in words."""
    notes = []
    for line in dict.fromkeys(condition.line for condition, _ in measured):
        some = [(each, values) for each, values in measured if each.line == line]
        first = some[0][0].describe()
        told = {
            "operator": first["operator"],
            "model": first.get("model"),
            "evaluations": f"{first['evaluations']:,}",
            "repeats": len({each.repeat for each, _ in some}),
            "seed": first["seed"],
            **first["settings"],
        }
        words = ", ".join(f"{key} {value}" for key, value in told.items() if value is not None)
        notes.append(f"- {line}: {words}.")
    return "\n".join(notes) + "\n"
