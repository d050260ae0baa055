"""Picture of an archive over three measures: a slice for each bin of the last, and projections.

Of a fourth measure, such as the depth, the best elite along it is shown.
"""

import math
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from elmjax.qd import Archive, Grid, archive_metrics
from elmjax.report.figure import EMPTY_COLOUR, INK, make_figure, save, style

SLICES_PER_ROW = 4

# A tessellation is drawn as what its cells are at the bins of a fine grid: so many along a side of
# a picture, so many slices, and so many points through each.
SIDE, SLICES, DEPTH = 48, 12, 4

WHITE_EDGES = 24  # bins along a side at most; more would be hidden by the lines between them


def archive_heat_map(
    archive: Archive, path: str | Path, *, title: str = "Archive", label: str = "fitness [m]"
) -> Figure:
    """Draws the objective of every elite and saves the picture as a PNG.

    On the left a slice for every bin of the third measure, with the second measure to the right
    and the first upwards; on the right the best elite along each measure. All share one scale.
    A tessellation has a slice for a twelfth of the third measure each, with the best of the elites
    whose cells reach into it.

    Args:
        archive: An archive over three or four measures.
        path: The PNG to write.
        title: What the archive is, in words; its metrics are added.
        label: Name and unit of the objective.

    Returns:
        The figure, whose axes carry the names of what they show as labels (`slice 0`,
        `slice 1`, ..., then `best over` a measure).

    Raises:
        ValueError: The archive has another number of measures.
    """
    if len(names := archive.grid.names) not in (3, 4):
        raise ValueError(f"archive has the measures {names}; wanted three or four for a heat map")
    grid, objective = _on_grid(archive)
    if len(names) == 4:
        title = f"{title}, best over {names[3]}"
    rows = math.ceil(grid.bins[2] / SLICES_PER_ROW)
    figure = make_figure(12.6, 1.2 + 2.1 * max(rows, 3))
    figure.suptitle(_headline(archive, title), fontsize=12, color=INK)
    left, right = figure.subfigures(1, 2, width_ratios=(4.0, 1.75), squeeze=False)[0]
    scale = _scale(objective)
    _draw_slices(left, objective, grid, scale)
    mesh = _draw_projections(right, objective, grid, scale)
    bar = figure.colorbar(mesh, ax=right.axes, location="right", fraction=0.06, pad=0.04)
    bar.set_label(label, fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8, colors=INK)
    save(figure, path)
    return figure


def _headline(archive: Archive, title: str) -> str:
    metrics = archive_metrics(archive)
    if metrics.niches == 0:
        return f"{title}: empty"
    return (
        f"{title}: {metrics.niches:,} of {archive.grid.cells:,} niches ({metrics.coverage:.1%}), "
        f"QD score {metrics.qd_score:,.0f} m, best {metrics.best:,.1f} m"
    )


def _on_grid(archive: Archive) -> tuple[Grid, NDArray[np.float64]]:
    """Objective of the elites over the first three measures, [bins of each], NaN without one."""
    cells = archive.grid
    bins: tuple[int, ...] = (SIDE, SIDE, SLICES)
    box = {field: getattr(cells, field)[:3] for field in ("lower", "upper", "names", "units")}
    if isinstance(cells, Grid):
        objective = archive.objective.reshape(cells.bins)
        bins = cells.bins[:3]
    else:
        fine = (SIDE, SIDE, SLICES * DEPTH, DEPTH)[: len(cells.names)]
        shape = {field: getattr(cells, field) for field in box}
        points = Grid(bins=fine, **shape).centres
        objective = archive.objective[cells.cell_of(points)[0]].reshape(*bins, DEPTH, *fine[3:])
        objective = np.fmax.reduce(objective, axis=3)
    if objective.ndim == 4:
        objective = np.fmax.reduce(objective, axis=3)
    return Grid(bins=bins, **box), objective


def _scale(objective: NDArray[np.float64]) -> Normalize:
    """One range of colours for all maps; fitness begins at zero unless an elite lies below."""
    inhabited = objective[np.isfinite(objective)]
    low = min(0.0, float(inhabited.min(initial=0.0)))
    high = float(inhabited.max(initial=low))
    return Normalize(low, high if high > low else low + 1.0)


def _draw_slices(
    figure: SubFigure, objective: NDArray[np.float64], grid: Grid, scale: Normalize
) -> None:
    count = grid.bins[2]
    rows = math.ceil(count / SLICES_PER_ROW)
    plots = figure.subplots(rows, SLICES_PER_ROW, sharex=True, sharey=True, squeeze=False)
    edges = grid.edges(2)
    unit = f" {grid.units[2]}" if grid.units[2] else ""
    for position, axes in enumerate(plots.flat):
        if position >= count:
            axes.set_visible(False)
            continue
        axes.set_label(f"slice {position}")
        _draw_map(axes, objective[:, :, position], grid.edges(1), grid.edges(0), scale)
        low, high = edges[position], edges[position + 1]
        bottom = position + SLICES_PER_ROW >= count
        style(
            axes,
            title=f"{grid.names[2]} {low:g} to {high:g}{unit}",
            x=grid.labels[1] if bottom else "",
            y=grid.labels[0] if position % SLICES_PER_ROW == 0 else "",
        )
        axes.tick_params(labelbottom=bottom)


def _draw_projections(
    figure: SubFigure, objective: NDArray[np.float64], grid: Grid, scale: Normalize
) -> QuadMesh:
    """Best elite along each measure in turn; returns the last map."""
    plots = figure.subplots(3, 1)
    for axes, (gone, x, y) in zip(plots, ((2, 1, 0), (1, 2, 0), (0, 2, 1)), strict=True):
        axes.set_label(f"best over {grid.names[gone]}")
        # `fmax` passes over NaN; a column without any elite stays NaN.
        best = np.fmax.reduce(objective, axis=gone)
        mesh = _draw_map(axes, best, grid.edges(x), grid.edges(y), scale)
        style(axes, title=f"best over {grid.names[gone]}", x=grid.labels[x], y=grid.labels[y])
    return mesh


def _draw_map(
    axes: Axes,
    values: NDArray[np.float64],
    x_edges: NDArray[np.float64],
    y_edges: NDArray[np.float64],
    scale: Normalize,
) -> QuadMesh:
    """Draws values, [y, x], with NaN left empty."""
    axes.set_facecolor(EMPTY_COLOUR)
    # At most five ticks, each on the edge of a cell.
    axes.set_xticks(x_edges[:: math.ceil((len(x_edges) - 1) / 4)])
    axes.set_yticks(y_edges[:: math.ceil((len(y_edges) - 1) / 4)])
    return axes.pcolormesh(
        x_edges,
        y_edges,
        np.ma.masked_invalid(values),
        cmap=_colours(),
        norm=scale,
        edgecolors="white",
        linewidth=0.4 if max(values.shape) <= WHITE_EDGES else 0.0,
    )


def _colours() -> Colormap:
    """Viridis: rises evenly in lightness, so colour-blind eyes and grey print keep the order."""
    return matplotlib.colormaps["viridis"]
