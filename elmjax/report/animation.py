"""Moving pictures of a walk: the view follows the walker."""

import shutil
from pathlib import Path

import numpy as np
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from numpy.typing import NDArray

from elmjax.report.drawing import (
    LEAST_WIDTH,
    MARGIN,
    SOIL,
    Walk,
    check,
    draw_body,
    draw_terrain,
    lowest_ground,
)
from elmjax.report.figure import make_figure, style

ASPECT = 2.0  # width over height
CALM = 0.8  # s to either side over which the place of the view is averaged
DOTS_PER_INCH = 72


class NoEncoderError(RuntimeError):
    """The program that writes this kind of file is not installed."""


def animate_walk(walk: Walk, path: Path, *, frames_per_second: int) -> None:
    """Writes a walk as a moving picture, in the walk's own time.

    Args:
        walk: Frames at equal intervals.
        path: A GIF, or an MP4, for which ffmpeg must be installed.
        frames_per_second: Of the trajectory.

    Raises:
        ValueError: The walk cannot be drawn.
        NoEncoderError: The file is to be an MP4 and there is no ffmpeg.
    """
    check(walk)
    writer = _writer(path, frames_per_second)
    view = _view(walk, round(CALM * frames_per_second))
    figure = make_figure(9.0, 9.0 / ASPECT)
    axes = figure.subplots()
    axes.set_aspect("equal")
    draw_terrain(axes, walk.terrain)
    style(axes, title=walk.title, x="x [m]")
    axes.tick_params(left=False, labelleft=False)
    with writer.saving(figure, str(path), DOTS_PER_INCH):
        for position, (left, right, bottom, top) in zip(walk.trajectory, view, strict=True):
            axes.set_xlim(left, right)
            axes.set_ylim(bottom, top)
            drawn = draw_body(axes, walk.body, position)
            writer.grab_frame()
            for part in drawn:
                part.remove()


def _writer(path: Path, frames_per_second: int) -> AbstractMovieWriter:
    if path.suffix.lower() == ".gif":
        return PillowWriter(fps=frames_per_second)
    if shutil.which("ffmpeg") is None:
        raise NoEncoderError(
            "an MP4 needs ffmpeg, which is not installed; install it, or ask for a .gif"
        )
    return FFMpegWriter(fps=frames_per_second, codec="h264", extra_args=["-pix_fmt", "yuv420p"])


def _view(walk: Walk, reach: int) -> NDArray[np.float64]:
    """Left, right, bottom and top of the picture, [frames, 4] m: of one size, ground in sight."""
    width = max(LEAST_WIDTH, 1.4 * float(np.ptp(walk.body.joints[:, 0])))
    across = _averaged(walk.trajectory[:, :, 0].mean(axis=1, dtype=np.float64), reach)
    edges = np.stack([across - width / 2, across + width / 2], axis=1)
    ground = np.array([lowest_ground(walk.terrain, left, right) for left, right in edges])
    tall = float((walk.trajectory[:, :, 1].max(axis=1) - ground).max()) + MARGIN / 2
    height = max(width / ASPECT, tall / (1.0 - SOIL))
    width = height * ASPECT
    bottom = _averaged(ground, reach) - SOIL * height
    return np.stack([across - width / 2, across + width / 2, bottom, bottom + height], axis=1)


def _averaged(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """The mean over some frames to either side, fewer at the ends."""
    windows = [values[max(0, i - reach) : i + reach + 1] for i in range(len(values))]
    return np.array([window.mean() for window in windows])
