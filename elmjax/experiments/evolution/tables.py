"""Tables of an experiment on stage 1: a line of the table for ours and for what was published."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from elmjax.report import Interval
from elmjax.report.table import markdown_table

MISSING = "-"


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What a table is about.

    Attributes:
        name: Of the value in a result.
        title: Of the table.
        write: A number in words.
        most: It cannot be more.
    """

    name: str
    title: str
    write: Callable[[float], str]
    most: float = math.inf


def percent(share: float) -> str:
    """A share as per cent."""
    return f"{100 * share:.1f}"


def whole(number: float) -> str:
    """A large number."""
    return f"{number:,.0f}"


def tenths(number: float) -> str:
    """A small number."""
    return f"{number:,.1f}"


def hundredths(number: float) -> str:
    """A ratio."""
    return f"{number:,.2f}"


def table(
    quantity: Quantity,
    columns: Sequence[str],
    lines: Mapping[str, Mapping[str, Interval | float]],
    *,
    signed: bool = False,
) -> str:
    """One quantity in Markdown.

    Args:
        quantity: What the cells are.
        columns: Such as seed programs.
        lines: For each line, by column, a mean with its interval or a published number.
        signed: Whether the quantity may be below zero; else no interval reaches there.
    """
    rows = [
        (label, *(_cell(quantity, cells.get(column), signed) for column in columns))
        for label, cells in lines.items()
    ]
    return f"**{quantity.title}**\n\n{markdown_table(('', *columns), rows, rule='---:')}\n"


def _cell(quantity: Quantity, value: Interval | float | None, signed: bool) -> str:
    if value is None:
        return MISSING
    if not isinstance(value, Interval):
        return quantity.write(value)
    if math.isnan(value.low):
        return quantity.write(value.mean)
    least = -math.inf if signed else 0.0
    low = quantity.write(max(value.low, least))
    high = quantity.write(min(value.high, quantity.most))
    return f"{quantity.write(value.mean)} ({low} to {high})"
