"""Pictures of walks: a walker at a few moments, the path of its centre of mass, the terrain.

Lengths are metres, x to the right and y upwards, both at the same scale.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import NDArray

from elmjax.report.figure import INK, hide, make_figure, save, style
from physics.body import Body
from physics.polylines import Polylines
from physics.world import World

RIGID_COLOUR = "#222222"
PATH_COLOUR = "#d55e00"
GROUND_COLOUR = "#cfc3b0"
GROUND_EDGE_COLOUR = "#7a6a52"

# A full turn through colours that colour-blind eyes can tell apart at every quarter cycle.
PHASE_COLOURS = LinearSegmentedColormap.from_list(
    "phase", ["#e69f00", "#009e73", "#0072b2", "#cc79a7", "#e69f00"]
)

MARGIN = 4.0  # m around the walk
LEAST_WIDTH = 26.0  # m; a walk that stays in place is still shown with some ground around it
SOIL = 0.12  # share of the picture's height below the lowest ground
FAR = 1e4  # m; beyond every view

View = tuple[float, float, float, float]  # left, right, bottom, top, m


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One walk to be drawn."""

    body: Body
    terrain: Polylines
    trajectory: NDArray[np.float32]  # [frames, joints, 2] m, frames at equal intervals
    title: str = ""


def draw_walk(walk: Walk, path: str | Path, *, ghosts: int = 5) -> Figure:
    """Draws one walk and saves the picture.

    Args:
        walk: The walk.
        path: The PNG or SVG to write.
        ghosts: Moments shown, from the first to the last frame; earlier ones are fainter.

    Returns:
        The figure, with one axes in metres.

    Raises:
        ValueError: The trajectory does not fit the body, or a position is not finite.
    """
    check(walk)
    view = _view(walk, aspect=2.6)
    figure = make_figure(11.0, 4.6)
    axes = figure.subplots()
    _draw(axes, walk, view, ghosts)
    _draw_key(figure, axes)
    save(figure, path)
    return figure


def contact_sheet(
    walks: Sequence[Walk], path: str | Path, *, columns: int = 3, ghosts: int = 3
) -> Figure:
    """Draws many walks as a grid of small pictures and saves it as a PNG or SVG.

    Raises:
        ValueError: There are no walks, or one cannot be drawn.
    """
    if not walks:
        raise ValueError("walks is empty; wanted at least one to draw")
    columns = min(columns, len(walks))
    rows = math.ceil(len(walks) / columns)
    figure = make_figure(5.2 * columns, 2.7 * rows)
    plots = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, walk in zip(plots, walks, strict=False):
        check(walk)
        _draw(axes, walk, _view(walk, aspect=2.4), ghosts)
    hide(plots[len(walks) :])
    save(figure, path)
    return figure


def check(walk: Walk) -> None:
    """Whether a walk can be drawn.

    Raises:
        ValueError: The trajectory does not fit the body, or a position is not finite.
    """
    shape = walk.trajectory.shape
    joints = len(walk.body.joints)
    if len(shape) != 3 or shape[0] < 1 or shape[1:] != (joints, 2):
        raise ValueError(f"trajectory has shape {list(shape)}; wanted [frames, {joints}, 2]")
    if not np.isfinite(walk.trajectory).all():
        raise ValueError(
            "trajectory holds positions that are not finite; wanted a walk that did not diverge"
        )


def _view(walk: Walk, *, aspect: float) -> View:
    """Smallest window of the given width over height around the walk and the ground under it."""
    positions = walk.trajectory.reshape(-1, 2)
    low, high = positions.min(axis=0) - MARGIN, positions.max(axis=0) + MARGIN
    centre, width = (low[0] + high[0]) / 2, max(high[0] - low[0], LEAST_WIDTH)
    ground = lowest_ground(walk.terrain, centre - width / 2, centre + width / 2)
    # Ground takes `SOIL` of the height, so the walk must fit into the rest.
    height = max(width / aspect, (high[1] - ground) / (1.0 - SOIL))
    width = height * aspect
    bottom = ground - SOIL * height
    return centre - width / 2, centre + width / 2, bottom, bottom + height


def lowest_ground(terrain: Polylines, left: float, right: float) -> float:
    """Height of the lowest point of the floor between two places, m."""
    floor = np.asarray(terrain.floor)
    inside = floor[(floor[:, 0] >= left) & (floor[:, 0] <= right), 1]
    edges = np.interp([left, right], floor[:, 0], floor[:, 1])
    return float(min(inside.min(initial=np.inf), edges.min()))


def _draw(axes: Axes, walk: Walk, view: View, ghosts: int) -> None:
    left, right, bottom, top = view
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    draw_terrain(axes, walk.terrain)
    last = len(walk.trajectory) - 1
    frames = np.unique(np.linspace(0, last, max(ghosts, 2)).round().astype(int))
    for order, frame in enumerate(frames, start=1):
        opacity = 0.2 + 0.8 * (order / len(frames)) ** 2
        draw_body(axes, walk.body, walk.trajectory[frame], opacity)
    # Joints weigh the same, so the centre of mass is their mean.
    centre = walk.trajectory.mean(axis=1)
    axes.plot(centre[:, 0], centre[:, 1], color=PATH_COLOUR, lw=1.2, zorder=4)
    axes.plot(*centre[0], "o", ms=4, mfc="white", mec=PATH_COLOUR, zorder=5)
    axes.plot(*centre[-1], "o", ms=4, color=PATH_COLOUR, zorder=5)
    style(axes, title=walk.title, x="x [m]", y="y [m]")


def draw_terrain(axes: Axes, terrain: Polylines) -> None:
    """Fills what is solid: below the floor, whose ends go on level, and above the ceilings."""
    floor = np.asarray(terrain.floor, dtype=np.float64)
    level = np.concatenate([[[-FAR, floor[0, 1]]], floor, [[FAR, floor[-1, 1]]]])
    below = np.concatenate([level, [[FAR, -FAR], [-FAR, -FAR]]])
    solids = [below]
    for ceiling in terrain.ceilings or ():
        edge = np.asarray(ceiling, dtype=np.float64)
        solids.append(np.concatenate([edge, [[edge[-1, 0], FAR], [edge[0, 0], FAR]]]))
    for solid in solids:
        axes.fill(*solid.T, facecolor=GROUND_COLOUR, edgecolor=GROUND_EDGE_COLOUR, lw=1, zorder=1)


def draw_body(
    axes: Axes, body: Body, position: NDArray[np.float32], opacity: float = 1.0
) -> tuple[LineCollection, PatchCollection]:
    """Springs coloured by phase, rigid ones dark; joints at their size. Returns both."""
    turning = PHASE_COLOURS(np.mod(body.phase, 1.0))
    colours = np.where(body.rigid[:, None], to_rgba(RIGID_COLOUR), turning)
    # Big bodies have hundreds of springs: thinner lines keep them readable.
    width = float(np.clip(12.0 / math.sqrt(max(len(body.ends), 1)), 0.5, 2.0))
    springs = LineCollection(
        list(position[body.ends]), colors=colours, linewidths=width, alpha=opacity, zorder=2
    )
    joints = PatchCollection(
        [Circle((x, y), World().joint_radius) for x, y in position],
        facecolor=INK,
        edgecolor="white",
        linewidth=0.3,
        alpha=opacity,
        zorder=3,
    )
    axes.add_collection(springs, autolim=False)
    axes.add_collection(joints, autolim=False)
    return springs, joints


def _draw_key(figure: Figure, axes: Axes) -> None:
    """Says what the colours mean."""
    bar = figure.colorbar(
        ScalarMappable(cmap=PHASE_COLOURS), ax=axes, shrink=0.6, aspect=22, pad=0.01
    )
    bar.set_label("phase of a spring [cycles]", fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8, colors=INK)
    handles = [
        Line2D([], [], color=RIGID_COLOUR, label="rigid spring"),
        Line2D([], [], color=PATH_COLOUR, label="centre of mass"),
    ]
    axes.legend(
        handles=handles, loc="upper left", fontsize=8, labelcolor=INK, edgecolor="none"
    ).set_zorder(6)
