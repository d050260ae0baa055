"""Figures without global state (no pyplot, no backend switch), in colours all can tell apart."""

from collections.abc import Iterable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

DOTS_PER_INCH = 130

# Okabe and Ito's palette without its yellow, which is faint on white: safe for colour-blind eyes.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")

EMPTY_COLOUR = "#e4e4e4"  # cells without an elite
INK = "#333333"  # text and axes


def make_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches, that places its axes so that nothing overlaps."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def style(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Titles and labels in one size everywhere, and no more frame than needed."""
    axes.set_title(title, fontsize=10, color=INK)
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def count_axes(axes: Axes, *, ticks: int = 6) -> None:
    """Marks x, a count, at whole numbers, and begins y at 0 unless data lie below."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.margins(x=0.01)
    if axes.dataLim.y0 >= 0.0:
        axes.set_ylim(bottom=0.0)


def colour_of(position: int) -> str:
    """Colour of the n-th line, repeating after the palette."""
    return COLOURS[position % len(COLOURS)]


def save(figure: Figure, path: str | Path) -> Path:
    """Writes a PNG, or an SVG where the name says so, creating its folder if need be."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DOTS_PER_INCH, facecolor="white")
    return path


def hide(axes: Iterable[Axes]) -> None:
    """Removes axes of a grid that nothing is drawn on."""
    for spare in axes:
        spare.set_visible(False)
