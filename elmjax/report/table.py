"""The closing table of a run: what every stage reached, from one nested summary.

The summary is plain data, as it stands in the run folder as JSON:

    {"evolve": {OPERATOR: {QUANTITY: number,
                           "operators": {NAME: {RATE: share}}, "messages": {NAME: {RATE: share}}}},
     "operator": {QUANTITY: number or {"base": ..., "tuned": ..., "ratio": ..., "paper": ...}},
     "finetune": {QUANTITY: number or {"before": ..., "after": ..., "dataset": ...}},
     "conditional": {TERRAIN: {"before": [mean, low, high], "after": [...], "change": [...],
                               "conditionality": [...], "best_of_dataset": number,
                               "best_of_stage_2": number}}}

Stages, operators, quantities and terrains that are missing are left out. Intervals are 95 %.
"""

import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from elmjax.report.labels import terrain_label

MISSING = "-"
BREAKDOWNS = ("operators", "messages")  # of the children of a run, in a table of their own
LISTED = 8  # names in a tally


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, rule: str = "---") -> str:
    """A table in Markdown.

    Args:
        head: Of each column.
        rows: Cells.
        rule: Below the heads of all columns but the first; "---:" aligns them to the right.
    """
    rules = ["---", *(rule for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rules, *rows))


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _distance(value: float) -> str:
    return f"{value:,.1f}"


def _loss(value: float) -> str:
    return f"{value:.3f}"


def _tally(counts: Mapping[str, int]) -> str:
    """One name a line, the most frequent first; the rest together."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{name} {count:,}" for name, count in ranked[:LISTED]]
    if others := sum(count for _, count in ranked[LISTED:]):
        lines.append(f"others {others:,}")
    return "\n".join(lines) or MISSING


def _shares(parts: Mapping[str, float]) -> str:
    """One part a line."""
    return "\n".join(f"{name} {100 * share:.0f} %" for name, share in parts.items())


def _counts(named: Mapping[str, int]) -> str:
    """One a line, without those that are zero."""
    return "\n".join(
        f"{name.replace('_', ' ')} {count:,}" for name, count in named.items() if count
    )


# Key in the summary: label and format. The order is the order of the rows.
QUANTITIES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "programs": ("training programs", _count),
    "test_programs": ("test programs", _count),
    "train_loss": ("train loss [nats / token]", _loss),
    "test_loss": ("test loss [nats / token]", _loss),
    "samples": ("samples", _count),
    "valid_samples": ("samples with a fitness", _share),
    "novel_samples": ("different and new programs among them", _share),
    "novel_families": ("new in more than numbers among them", _share),
    "evaluations": ("evaluations", _count),
    "children": ("children", _count),
    "niches": ("niches", _count),
    "coverage": ("coverage", _share),
    "qd_score": ("QD score [m]", _distance),
    "best": ("best fitness [m]", _distance),
    "mean": ("mean fitness of the elites [m]", _distance),
    "applied": ("edits that apply", _share),
    "parsed": ("children that are Python", _share),
    "run": ("programs that run", _share),
    "valid": ("walkers with a fitness", _share),
    "unique": ("different from their siblings", _share),
    "admitted": ("admitted to the archive", _share),
    "admitted_sequential": ("admitted if judged in turn", _share),
    "admitted_batch": ("admitted if judged at once", _share),
    "improved": ("in the place of a worse elite", _share),
    "program_hits": ("programs known from before", _share),
    "walk_hits": ("walks known from before", _share),
    "evaluations_per_second": ("children / s", _count),
    "seconds": ("time [s]", _count),
    "busy": ("share of it at work", _shares),
    "endpoint": ("of the endpoint", _counts),
    "accepted_diffs": ("accepted diffs learned", _count),
    "divergence": ("KL from the base model [nats / token]", _loss),
    "tunings": ("fine-tunings", _count),
    "weakened": ("taken in part by the guard", _count),
    "refused": ("refused by the guard", _count),
    "outcomes": ("outcomes of the children", _tally),
    "errors": ("runtime errors among them", _tally),
}


def closing_table(summary: Mapping[str, Any], *, ascii_only: bool = False) -> Table:
    """Lays out the summary of a run as one table a stage, stacked.

    Args:
        summary: As described at the head of this module.
        ascii_only: Draws lines with ASCII characters, for log files.
    """
    lines = box.ASCII if ascii_only else box.SIMPLE_HEAVY
    builders: dict[str, Callable[[Any, box.Box], Table]] = {
        "evolve": _evolve_table,
        "operator": _operator_table,
        "finetune": _finetune_table,
        "conditional": _conditional_table,
    }
    stack = Table.grid()
    for stage, build in builders.items():
        if summary.get(stage):
            stack.add_row(build(summary[stage], lines))
        if stage == "conditional" and (compared := _compared(summary.get(stage, {}))):
            stack.add_row(_comparison_table(compared, lines))
        if stage == "evolve" and (rates := _rates(summary.get(stage, {}))):
            stack.add_row(_rates_table(rates, lines))
    return stack


def closing_text(summary: Mapping[str, Any], *, width: int = 100) -> str:
    """The closing table as plain text, for files and terminals without colours."""
    return plain_text(closing_table(summary, ascii_only=True), width=width)


def plain_text(table: Table, *, width: int = 100) -> str:
    """A table without colours and without spaces at the ends of lines."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _evolve_table(operators: Mapping[str, Mapping[str, float]], lines: box.Box) -> Table:
    table = _table("Stage 1: evolution", "", operators, lines)
    for quantity in _rows(operators.values()):
        if quantity in BREAKDOWNS:
            continue
        cells = [_format(quantity, values.get(quantity)) for values in operators.values()]
        table.add_row(_label(quantity), *cells)
    return table


def _rates(operators: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Rates by run and by operator or message in it, where a run has more than one."""
    return {
        (run, name): rates
        for run, values in operators.items()
        for kind in BREAKDOWNS
        if len(values.get(kind, {})) > 1
        for name, rates in values[kind].items()
    }


def _rates_table(rates: Mapping[tuple[str, str], Mapping[str, Any]], lines: box.Box) -> Table:
    quantities = list(dict.fromkeys(quantity for row in rates.values() for quantity in row))
    table = _table("Stage 1: children by operator and message", "", ("", *quantities), lines)
    for (run, name), row in rates.items():
        cells = (_format(quantity, row.get(quantity)) for quantity in quantities)
        table.add_row(Text(run), Text(name), *cells)
    return table


def _operator_table(quantities: Mapping[str, Any], lines: box.Box) -> Table:
    columns = ("base", "tuned", "tuned / base", "paper")
    table = _table("Stage 1: fine-tuned diff model", "", columns, lines)
    for quantity, value in quantities.items():
        cells = value if isinstance(value, Mapping) else {"tuned": value}
        runs = [_format(quantity, cells[run]) if run in cells else "" for run in ("base", "tuned")]
        ratios = [f"{cells[name]:.2f}" if name in cells else "" for name in ("ratio", "paper")]
        table.add_row(_label(quantity), *runs, *ratios)
    return table


def _finetune_table(quantities: Mapping[str, Any], lines: box.Box) -> Table:
    columns = ("before", "after", "dataset")
    table = _table("Stage 2: language model", "", columns, lines)
    for quantity in _rows([quantities]):
        value = quantities[quantity]
        found = value if isinstance(value, Mapping) else {"after": value}
        cells = (_format(quantity, found[name]) if name in found else "" for name in columns)
        table.add_row(_label(quantity), *cells)
    return table


def _conditional_table(terrains: Mapping[str, Mapping[str, Any]], lines: box.Box) -> Table:
    times = ("before", "after", "change")
    table = _table("Stage 3: mean reward [m], 95 % interval", "terrain", times, lines)
    for terrain, told in terrains.items():
        cells = (_format_interval(told.get(time), signed=time == "change") for time in times)
        table.add_row(Text(terrain_label(terrain)), *cells)
    return table


def _compared(terrains: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Terrains of which more is known than rewards."""
    return {name: told for name, told in terrains.items() if "best_of_dataset" in told}


def _comparison_table(terrains: Mapping[str, Mapping[str, Any]], lines: box.Box) -> Table:
    """How far own programs are ahead of others', and the best of as many without PPO."""
    columns = ("ahead of others'", "best of dataset", "best of stage 2")
    table = _table("Stage 3: programs written for a terrain [m]", "terrain", columns, lines)
    for terrain, told in terrains.items():
        ahead = _format_interval(told.get("conditionality"), signed=True)
        best = [f"{told[name]:.1f}" for name in ("best_of_dataset", "best_of_stage_2")]
        table.add_row(Text(terrain_label(terrain)), ahead, *best)
    return table


def _table(title: str, corner: str, columns: Sequence[str] | Mapping, lines: box.Box) -> Table:
    # `Text`, because rich would take the unit in a plain "[m]" for a style and drop it.
    table = Table(title=Text(title, style="bold"), title_justify="left", box=lines)
    table.add_column(corner, no_wrap=True)
    for column in columns:
        table.add_column(Text(column), justify="right")
    return table


def _rows(groups: Any) -> list[str]:
    """Quantities of any group: the known in their order, then the others as they come."""
    present = dict.fromkeys(quantity for group in groups for quantity in group)
    known = [quantity for quantity in QUANTITIES if quantity in present]
    return known + [quantity for quantity in present if quantity not in QUANTITIES]


def _label(quantity: str) -> Text:
    known = quantity in QUANTITIES
    return Text(QUANTITIES[quantity][0] if known else quantity.replace("_", " "))


def _format(quantity: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return MISSING
    if quantity in QUANTITIES:
        return QUANTITIES[quantity][1](value)
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _format_interval(interval: Sequence[float] | None, *, signed: bool) -> str:
    if interval is None or any(part is None for part in interval):
        return MISSING
    mean, low, high = (f"{part:+.2f}" if signed else f"{part:.2f}" for part in interval)
    return f"{mean} ({low} to {high})"
