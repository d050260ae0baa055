"""Success rates beside published ones, as tables: a row for every problem, a column a series."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from elmjax.report.statistics import Interval
from elmjax.report.table import markdown_table

MISSING = "-"


class Place(NamedTuple):
    """A problem: a task and how many bugs it has."""

    task: str
    bugs: int


@dataclass(frozen=True, kw_only=True)
class Series:
    """The success of one operator.

    Attributes:
        label: Name of the column and of the line.
        family: What it is compared within; shared by ours and what was published.
        published: Whether others measured it.
        rates: % of trials, by problem. A published rate has no interval, but for the upper end
            where nothing succeeded and the number of trials is known.
    """

    label: str
    family: str
    published: bool
    rates: Mapping[Place, Interval]


def success_tables(
    title: str, series: Sequence[Series], places: Sequence[Place], *, ascii_only: bool = False
) -> Table:
    """Lays out success rates with their intervals for a terminal: a table a family, stacked.

    Args:
        title: Says what the numbers are.
        series: The columns.
        places: The rows.
        ascii_only: Draws lines with ASCII characters, for log files.
    """
    lines = box.ASCII if ascii_only else box.SIMPLE_HEAVY
    stack = Table.grid()
    for family in dict.fromkeys(each.family for each in series):
        columns = [each for each in series if each.family == family]
        caption = Text(f"{family}: {title}", style="bold")
        table = Table(title=caption, title_justify="left", box=lines)
        table.add_column("problem", no_wrap=True)
        for each in columns:
            style = "dim" if each.published else ""
            table.add_column(Text("\n".join(_heading(each))), justify="right", style=style)
        for place in places:
            table.add_row(_row_label(place), *(_cell(each, place) for each in columns))
        stack.add_row(table)
    return stack


def success_markdown(title: str, series: Sequence[Series], places: Sequence[Place]) -> str:
    """The same as one table in Markdown."""
    heads = ["problem", *(" ".join(_heading(each)) for each in series)]
    rows = [[_row_label(place), *(_cell(each, place) for each in series)] for place in places]
    return f"{title}\n\n{markdown_table(heads, rows, rule='---:')}\n"


def _heading(series: Series) -> tuple[str, str]:
    return series.label, "(paper)" if series.published else "(ours)"


def _row_label(place: Place) -> str:
    return f"{place.task}, {place.bugs} {'bug' if place.bugs == 1 else 'bugs'}"


def _cell(series: Series, place: Place) -> str:
    """A rate, with its interval where there is one."""
    rate = series.rates.get(place)
    if rate is None:
        return MISSING
    if not math.isfinite(rate.low):
        return format_percent(rate.mean)
    mean, low, high = map(format_percent, rate)
    return f"{mean} ({low} to {high})"


def format_percent(value: float) -> str:
    """A percentage with one decimal, or with two figures where it is below one."""
    if value == 0.0 or value >= 1.0:
        return f"{value:.1f}" if value else "0"
    return f"{value:.{1 - math.floor(math.log10(value))}f}"
