"""Bars with intervals: several numbers of several models, ours and published ones side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from elmjax.report.figure import INK, colour_of, make_figure, save, style
from elmjax.report.statistics import Interval

_ROOM = 0.8  # of the distance between groups, for bars


@dataclass(frozen=True, kw_only=True)
class BarPanel:
    """One plot.

    Attributes:
        title: Above it.
        label: Of its vertical axis.
        groups: Names below groups of bars, such as models.
        bars: By name in the legend, "" for none, a bar for each group; None where there is no
            number, and without whiskers where the interval is not finite.
    """

    title: str
    label: str
    groups: Sequence[str]
    bars: Mapping[str, Sequence[Interval | None]]


def bar_panels(panels: Sequence[BarPanel], path: str | Path) -> Figure:
    """Draws panels side by side, in the order of a reader's eyes; those without groups not at all.

    Args:
        panels: At least one with a group.
        path: The PNG to write.

    Returns:
        The figure, with an axes for every panel that has groups.

    Raises:
        ValueError: There is nothing to draw.
    """
    shown = [panel for panel in panels if panel.groups]
    if not shown:
        raise ValueError("panels hold no groups; wanted at least one number to draw")
    widths = [max(2.2, 0.75 * len(panel.groups)) for panel in shown]
    figure = make_figure(1.0 + sum(widths) + 0.4 * len(widths), 3.9)
    plots = figure.subplots(1, len(shown), squeeze=False, gridspec_kw={"width_ratios": widths})[0]
    for axes, panel in zip(plots, shown, strict=True):
        _draw(axes, panel)
    handles = {
        name: handle
        for axes in plots
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if len(handles) > 1:
        figure.legend(
            handles.values(),
            handles.keys(),
            loc="outside upper center",
            ncols=len(handles),
            frameon=False,
            fontsize=9,
            labelcolor=INK,
        )
    save(figure, path)
    return figure


def _draw(axes: Axes, panel: BarPanel) -> None:
    places, width = np.arange(len(panel.groups)), _ROOM / len(panel.bars)
    for position, (name, values) in enumerate(panel.bars.items()):
        shift = (position - (len(panel.bars) - 1) / 2) * width
        heights = [math.nan if value is None else value.mean for value in values]
        colour = colour_of(position) if name else INK
        axes.bar(places + shift, heights, width, color=colour, alpha=0.85, label=name or None)
        for place, value in zip(places + shift, values, strict=True):
            if value is not None and math.isfinite(value.low):
                axes.plot([place, place], [value.low, value.high], color="black", lw=1.2)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.axhline(0.0, color=INK, lw=0.6)
    style(axes, title=panel.title, y=panel.label)
    axes.set_xticks(places, panel.groups, rotation=35, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", labelsize=8, length=0)
