"""Success rates over the number of bugs, on a logarithmic axis, as the paper draws them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from elmjax.report.figure import INK, colour_of, make_figure, save, style
from elmjax.report.statistics import Interval
from elmjax.report.success import Series

_MARKERS = ("o", "s", "^", "D")  # of the series of one family
_SHIFT = 0.05  # bugs, between the series at one number of bugs, so that intervals do not overlap


def success_curves(series: Sequence[Series], path: str | Path) -> Figure:
    """Draws a panel for every task and a line for every series.

    Ours are solid, with intervals; published ones are dashed. A rate of zero has no place on the
    axis: an arrow hangs from the upper end of its interval.

    Args:
        series: In %; see `Series`.
        path: The PNG to write.

    Returns:
        The figure, with an axes for every task of which one of our series tells something.

    Raises:
        ValueError: There is nothing to draw.
    """
    tasks = dict.fromkeys(
        place.task for each in series if not each.published for place in each.rates
    )
    if not tasks:
        raise ValueError("series holds no rates of ours; wanted at least one to draw")
    widths = [_most_bugs(series, task) + 1 for task in tasks]
    figure = make_figure(2.2 + 1.1 * sum(widths), 4.8)
    panels = figure.subplots(
        1, len(tasks), squeeze=False, sharey=True, gridspec_kw={"width_ratios": widths}
    )[0]
    for axes, task in zip(panels, tasks, strict=True):
        _draw_panel(axes, series, task)
        first = axes is panels[0]
        style(axes, title=task, x="bugs", y="repaired [% of trials]" if first else "")
    _legend(figure, panels)
    save(figure, path)
    return figure


def _draw_panel(axes: Axes, series: Sequence[Series], task: str) -> None:
    axes.set_yscale("log")
    axes.set_label(task)
    families = list(dict.fromkeys(each.family for each in series))
    drawn: dict[tuple[str, bool], int] = {}
    for position, each in enumerate(series):
        kind = (each.family, each.published)
        drawn[kind] = drawn.get(kind, -1) + 1
        rates = {place.bugs: rate for place, rate in each.rates.items() if place.task == task}
        shift = _SHIFT * (position - (len(series) - 1) / 2)
        colour = colour_of(families.index(each.family))
        look = _look(each, colour, _MARKERS[drawn[kind] % len(_MARKERS)])
        _draw_line(axes, dict(sorted(rates.items())), shift, look)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0.5, _most_bugs(series, task) + 0.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(axis="y", color=INK, alpha=0.12, lw=0.6)


def _look(series: Series, colour: str, marker: str) -> dict[str, Any]:
    """How a line is drawn: what was published is dashed and hollow."""
    return {
        "color": colour,
        "linestyle": "--" if series.published else "-",
        "linewidth": 1.0 if series.published else 1.8,
        "marker": marker,
        "markersize": 5,
        "markerfacecolor": "white" if series.published else colour,
        "label": f"{series.label} ({'paper' if series.published else 'ours'})",
    }


def _draw_line(axes: Axes, rates: dict[int, Interval], shift: float, look: dict[str, Any]) -> None:
    x = [bugs + shift for bugs in rates]
    axes.plot(x, [rate.mean or math.nan for rate in rates.values()], **look)
    for at, rate in zip(x, rates.values(), strict=True):
        if rate.mean == 0.0 and math.isfinite(rate.high):
            axes.plot([at], [rate.high], **look | {"marker": "v", "markersize": 7, "label": None})
        elif math.isfinite(rate.low):
            axes.plot([at, at], [rate.low, rate.high], color=look["color"], lw=1.2, alpha=0.7)


def _most_bugs(series: Sequence[Series], task: str) -> int:
    return max(
        place.bugs
        for each in series
        if not each.published
        for place in each.rates
        if place.task == task
    )


def _legend(figure: Figure, panels: Sequence[Axes]) -> None:
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="outside right center",
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        title="arrow: none repaired,\nupper end of the interval",
        title_fontsize=8,
    )
