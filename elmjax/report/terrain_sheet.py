"""A contact sheet of terrains, drawn from their pictures."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from elmjax.report.drawing import GROUND_COLOUR, PATH_COLOUR, View
from elmjax.report.figure import hide, make_figure, save, style

SOLID_COLOURS = LinearSegmentedColormap.from_list("solid", ["white", GROUND_COLOUR])

TITLE_WIDTH = 60  # characters a line


@dataclass(frozen=True, kw_only=True)
class TerrainPicture:
    """One terrain to be shown."""

    title: str
    image: NDArray[np.float32]  # [height, width], the solid share of each pixel, top row first


def terrain_sheet(
    pictures: Sequence[TerrainPicture], path: str | Path, *, view: View, columns: int = 3
) -> Figure:
    """Draws pictures of terrains as a grid and saves it as a PNG; a dot marks the start.

    Args:
        pictures: The terrains, all seen through one view.
        path: The PNG to write.
        view: Left, right, bottom and top of the pictures, m.
        columns: Pictures side by side.

    Returns:
        The figure, with one axes in metres for every picture.

    Raises:
        ValueError: There are no pictures.
    """
    if not pictures:
        raise ValueError("pictures is empty; wanted at least one to draw")
    left, right, bottom, top = view
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    width = 4.6
    height = width * (top - bottom) / (right - left) + 0.55
    figure = make_figure(width * columns, height * rows)
    plots = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, picture in zip(plots, pictures, strict=False):
        axes.imshow(picture.image, cmap=SOLID_COLOURS, vmin=0.0, vmax=1.0, extent=view)
        axes.plot(0.0, 0.6, "o", ms=3, color=PATH_COLOUR)
        style(axes, title=textwrap.fill(picture.title, TITLE_WIDTH))
    for axes in plots[: len(pictures) : columns]:
        axes.set_ylabel("y [m]", fontsize=9)
    for axes in plots[max(len(pictures) - columns, 0) : len(pictures)]:
        axes.set_xlabel("x [m]", fontsize=9)
    hide(plots[len(pictures) :])
    save(figure, path)
    return figure
