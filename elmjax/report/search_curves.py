"""Growth of archives over evaluations, several runs a line, a column of panels a start."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from elmjax.report.figure import INK, colour_of, count_axes, make_figure, save, style

PANELS = {"niches": "niches", "qd_score": "QD score [m]"}


def search_curves(frame: pd.DataFrame, path: str | Path) -> Figure:
    """Draws the mean over repeats of every line, and from its least to its greatest as a band.

    Args:
        frame: Rows of runs: `line`, `column` (where the run started), `repeat`, and `evaluations`,
            `niches` and `qd_score`, the last in m. Repeats of a line and column have the same
            evaluations.
        path: The PNG to write.

    Returns:
        The figure, with an axes for each of `PANELS` and column.

    Raises:
        ValueError: There is nothing to draw.
    """
    if frame.empty:
        raise ValueError("frame holds no rows; wanted at least one run to draw")
    columns, lines = list(frame["column"].unique()), list(frame["line"].unique())
    figure = make_figure(1.2 + 2.9 * len(columns), 5.2)
    grid = figure.subplots(len(PANELS), len(columns), squeeze=False, sharex=True, sharey="row")
    for name, row in zip(PANELS, grid, strict=True):
        for column, axes in zip(columns, row, strict=True):
            _draw(axes, frame[frame["column"] == column], name, lines)
    # Only when all are drawn: panels of a row share their axis, and the first would set its end.
    for axes in grid.flat:
        style(axes)
        count_axes(axes, ticks=4)
    for column, axes in zip(columns, grid[0], strict=True):
        style(axes, title=column)
    for label, axes in zip(PANELS.values(), grid[:, 0], strict=True):
        axes.set_ylabel(label, fontsize=9, color=INK)
    for axes in grid[-1]:
        axes.set_xlabel("evaluations", fontsize=9, color=INK)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=max(1, len(labels)),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )
    save(figure, path)
    return figure


def _draw(axes: Axes, frame: pd.DataFrame, name: str, lines: list[str]) -> None:
    axes.set_label(name)
    for position, line in enumerate(lines):
        values = frame[frame["line"] == line].groupby("evaluations")[name]
        if not len(values):
            continue
        middle, colour = values.mean(), colour_of(position)
        axes.fill_between(middle.index, values.min(), values.max(), color=colour, alpha=0.15, lw=0)
        axes.plot(middle.index, middle, color=colour, lw=1.6, label=line)
