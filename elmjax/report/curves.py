"""Curves of a run over its steps: evolution, training, reward."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from elmjax.report.figure import INK, colour_of, count_axes, hide, make_figure, save, style
from elmjax.report.labels import terrain_label

# Columns of the evolution log: title of the panel and label of its axis.
PROGRESS_PANELS = {
    "niches": ("Inhabited niches", "niches"),
    "qd_score": ("QD score", "QD score [m]"),
    "best": ("Best fitness", "fitness [m]"),
    "mean": ("Mean fitness of the elites", "fitness [m]"),
}
RATE_PANELS = {
    "applied": ("Edits that apply", "share of evaluations [%]"),
    "run": ("Programs that run", "share of evaluations [%]"),
    "valid": ("Walkers with a fitness", "share of evaluations [%]"),
    "admitted": ("Admitted to the archive", "share of evaluations [%]"),
}

# A rate is drawn as its mean over this share of the steps, over the faint raw values.
SMOOTHED_SHARE = 0.05


def evolution_curves(frame: pd.DataFrame, path: str | Path, *, label: str = "operator") -> Figure:
    """Draws the growth of the archive, and the fate of the programs, over evaluations.

    Args:
        frame: A row a step, in order: `evaluations` (so far), and any of `niches`, `qd_score`,
            `best`, `mean` and of the rates `applied`, `run`, `valid`, `admitted`, in [0, 1].
        path: The PNG to write.
        label: Column that names the line a row belongs to, such as the operator or the run;
            without that column all rows are one line.

    Returns:
        The figure, an axes for every column that is there, labelled with the column's name.

    Raises:
        ValueError: `evaluations`, or every column that could be drawn, is missing.
    """
    _require(frame, "evaluations")
    rows = [[name for name in row if name in frame] for row in (PROGRESS_PANELS, RATE_PANELS)]
    rows = [row for row in rows if row]
    if not rows:
        wanted = ", ".join(PROGRESS_PANELS | RATE_PANELS)
        raise ValueError(f"frame has the columns {list(frame)}; wanted some of {wanted}")
    columns = max(len(row) for row in rows)
    figure = make_figure(3.3 * columns, 2.75 * len(rows) + 0.4)
    plots = figure.subplots(len(rows), columns, squeeze=False)
    for names, row in zip(rows, plots, strict=True):
        for name, axes in zip(names, row, strict=False):
            _draw_panel(axes, frame, name, label)
        hide(row[len(names) :])
    _legend(figure, plots[0][0], frame, label)
    save(figure, path)
    return figure


def training_curve(frame: pd.DataFrame, path: str | Path, *, title: str = "Training") -> Figure:
    """Draws the loss of a language model over steps.

    Args:
        frame: A row a step: `step`, `loss` of the batch and, on some rows, `test_loss`; both in
            nats per token.
        path: The PNG to write.
        title: What is trained.

    Returns:
        The figure, with one axes.

    Raises:
        ValueError: `step` or `loss` is missing.
    """
    _require(frame, "step", "loss")
    figure = make_figure(6.4, 3.8)
    axes = figure.subplots()
    train = frame.dropna(subset=["loss"])
    _draw_smoothed(axes, train["step"], train["loss"], colour_of(0), "train")
    if "test_loss" in frame:
        test = frame.dropna(subset=["test_loss"])
        axes.plot(test["step"], test["test_loss"], "o-", ms=4, color=colour_of(1), label="test")
    style(axes, title=title, x="step", y="next-token loss [nats / token]")
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    count_axes(axes)
    save(figure, path)
    return figure


def reward_curves(
    frame: pd.DataFrame, path: str | Path, *, title: str = "Mean reward by terrain"
) -> Figure:
    """Draws the mean reward on every terrain over iterations, with its interval as a band.

    Args:
        frame: A row for every terrain of every iteration: `step`, `terrain`, `mean`, `low` and
            `high`, the last three in metres.
        path: The PNG to write.
        title: What is trained.

    Returns:
        The figure, with one axes.

    Raises:
        ValueError: A column is missing.
    """
    _require(frame, "step", "terrain", "mean", "low", "high")
    figure = make_figure(7.2, 4.0)
    axes = figure.subplots()
    for position, (terrain, rows) in enumerate(frame.groupby("terrain", sort=False)):
        name, colour = terrain_label(str(terrain)), colour_of(position)
        axes.fill_between(rows["step"], rows["low"], rows["high"], color=colour, alpha=0.15, lw=0)
        axes.plot(rows["step"], rows["mean"], color=colour, lw=1.6, label=name)
    style(axes, title=f"{title}, 95 % interval", x="iteration", y="reward [m]")
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    count_axes(axes)
    save(figure, path)
    return figure


def _draw_panel(axes: Axes, frame: pd.DataFrame, name: str, label: str) -> None:
    title, unit = (PROGRESS_PANELS | RATE_PANELS)[name]
    axes.set_label(name)
    for position, (text, rows) in enumerate(_groups(frame, label)):
        colour = colour_of(position)
        if name in RATE_PANELS:
            _draw_smoothed(axes, rows["evaluations"], 100 * rows[name], colour, text)
        else:
            axes.plot(rows["evaluations"], rows[name], color=colour, lw=1.6, label=text)
    style(axes, title=title, x="evaluations", y=unit)
    count_axes(axes, ticks=4)
    axes.set_xlim(left=0)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))


def _draw_smoothed(axes: Axes, x: pd.Series, values: pd.Series, colour: str, label: str) -> None:
    """A centred running mean over the faint raw values, or these alone while they are few."""
    window = max(int(SMOOTHED_SHARE * len(values)), 1)
    mean = values.rolling(window, center=True, min_periods=1).mean()
    if window > 1:
        axes.plot(x, values, color=colour, lw=0.6, alpha=0.25)
    axes.plot(x, mean, color=colour, lw=1.6, label=label)


def _groups(frame: pd.DataFrame, label: str) -> Iterator[tuple[str, pd.DataFrame]]:
    if label not in frame:
        yield "", frame
        return
    for name, rows in frame.groupby(label, sort=False):
        yield str(name), rows


def _legend(figure: Figure, axes: Axes, frame: pd.DataFrame, label: str) -> None:
    if label in frame:
        handles, names = axes.get_legend_handles_labels()
        figure.legend(
            handles,
            names,
            loc="outside upper center",
            ncols=len(names),
            frameon=False,
            fontsize=9,
            labelcolor=INK,
        )


def _require(frame: pd.DataFrame, *columns: str) -> None:
    if missing := [name for name in columns if name not in frame]:
        raise ValueError(f"frame has no columns {missing}; got {list(frame)}")
