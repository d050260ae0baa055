"""Results as they come: a table that grows on a terminal, a line for each in a log."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

Row = TypeVar("Row")
Columns = Mapping[str, Callable[[Any], str]]  # heading: cell of a row

LEAST_WIDTH = 9  # characters of a column of a log


def show_rows(title: str, columns: Columns, rows: Iterable[Row], console: Console) -> list[Row]:
    """Consumes rows, shows each as soon as it is there, and returns them."""
    seen = []
    opened = _table if console.is_terminal else _lines
    with opened(title, list(columns), console) as add:
        for row in rows:
            seen.append(row)
            add([cell(row) for cell in columns.values()])
    return seen


@contextmanager
def _table(
    title: str, headings: list[str], console: Console
) -> Iterator[Callable[[list[str]], None]]:
    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    for heading in headings:
        table.add_column(Text(heading), justify="right", overflow="fold")
    with Live(table, console=console, auto_refresh=False, vertical_overflow="visible") as live:

        def add(cells: list[str]) -> None:
            table.add_row(*map(Text, cells))
            live.refresh()

        yield add


@contextmanager
def _lines(
    title: str, headings: list[str], console: Console
) -> Iterator[Callable[[list[str]], None]]:
    widths = [max(len(heading), LEAST_WIDTH) for heading in headings]

    def add(cells: list[str]) -> None:
        line = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        # No wrapping: a line of a log stays one line.
        console.print(line, soft_wrap=True, highlight=False, markup=False)

    console.print(title, highlight=False, markup=False)
    add(headings)
    yield add
    console.print()
