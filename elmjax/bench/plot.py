"""The picture of a record: evaluations a second over the number of walkers in one call."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from elmjax.report.figure import INK, colour_of, make_figure, save, style

_LINE_STYLES = ("-", "--", ":", "-.")  # by backend


def plot_record(record: dict[str, Any], path: Path) -> Figure:
    """Draws a panel for every terrain and a line for every bucket and backend.

    Bands span the quartiles of the repeats; a dotted line is Box2D on one core, where compared.

    Args:
        record: As `elmjax.bench.record.make_record` returns it.
        path: The PNG to write.
    """
    frame = pd.DataFrame(record["rows"])
    terrains = list(dict.fromkeys(frame["terrain"]))
    figure = make_figure(3.4 * len(terrains) + 0.6, 3.9)
    panels = figure.subplots(1, len(terrains), squeeze=False, sharey=True)[0]
    for axes, terrain in zip(panels, terrains, strict=True):
        rivals = [each for each in record["comparisons"] if each["terrain"] == terrain]
        _draw_panel(axes, frame[frame["terrain"] == terrain], rivals)
        first = axes is panels[0]
        style(
            axes,
            title=terrain.replace("_", " "),
            x="walkers in one call",
            y="evaluations / s" if first else "",
        )
    figure.suptitle(_title(record), fontsize=10, color=INK)
    lines = {str(line.get_label()): line for axes in panels for line in axes.lines}
    figure.legend(
        lines.values(),
        lines.keys(),
        loc="outside lower center",
        ncols=min(len(lines), 4),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )
    save(figure, path)
    return figure


def _draw_panel(axes: Axes, frame: pd.DataFrame, rivals: list[dict[str, Any]]) -> None:
    colours = {bucket: colour_of(i) for i, bucket in enumerate(dict.fromkeys(frame["bucket"]))}
    backends = list(dict.fromkeys(frame["backend"]))
    for (backend, bucket), rows in frame.sort_values("batch").groupby(["backend", "bucket"]):
        colour = colours[bucket]
        axes.plot(
            rows["batch"],
            rows["evaluations_per_second"],
            _LINE_STYLES[backends.index(backend) % len(_LINE_STYLES)],
            marker="o",
            ms=4,
            color=colour,
            label=f"{bucket} {backend}",
        )
        low = rows["batch"] / rows["upper_quartile_seconds"]
        high = rows["batch"] / rows["lower_quartile_seconds"]
        axes.fill_between(rows["batch"], low, high, color=colour, alpha=0.2, lw=0)
    for bucket, rival in {each["bucket"]: each for each in rivals}.items():
        axes.axhline(
            rival["box2d"], color=colours[bucket], ls=":", lw=1.2, label=f"{bucket} Box2D, one core"
        )
    _log_axes(axes, frame)


def _log_axes(axes: Axes, frame: pd.DataFrame) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(sorted(set(frame["batch"])))
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    plain = FuncFormatter(lambda value, _: f"{value:,.0f}")
    axes.xaxis.set_major_formatter(plain)
    axes.yaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="y", color=INK, alpha=0.12, lw=0.6)


def _title(record: dict[str, Any]) -> str:
    machine = record["machine"]
    name = machine["cpu"] if machine["platform"] == "cpu" else machine["device"]
    return f"Walks of {record['walk_seconds']:g} s: {name}, {machine['cores']} cores"
