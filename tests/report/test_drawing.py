"""Drawings: ground, ceiling, sky, springs and joints are where they belong; the view follows."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from elmjax.report import Walk, contact_sheet, draw_walk
from elmjax.report.drawing import GROUND_COLOUR, INK, PATH_COLOUR, PHASE_COLOURS, RIGID_COLOUR
from physics.body import Body

FLAT = SimpleNamespace(floor=np.array([[-200.0, 0.0], [200.0, 0.0]]), ceilings=())
# Ends at the wall's upper edge: beyond it the ground goes on at that height.
LEFT_WALL = SimpleNamespace(floor=np.array([[-8.0, 6.0], [-8.0, 0.0], [200.0, 0.0]]), ceilings=())
TUNNEL = SimpleNamespace(
    floor=FLAT.floor,
    ceilings=(np.array([[10.0, 60.0], [10.0, 7.0], [200.0, 7.0]]),),
)
SKY = (1.0, 1.0, 1.0)


def make_body():
    """A square of 4 m: a rigid base, oscillating springs of four phases."""
    return Body(
        joints=np.array([[0, 0], [4, 0], [4, 4], [0, 4]], np.float32),
        ends=np.array([[0, 1], [1, 2], [2, 3], [3, 0]], np.int32),
        rigid=np.array([True, False, False, False]),
        amplitude=np.array([0.0, 0.2, 0.2, 0.2], np.float32),
        phase=np.array([0.0, 0.25, 0.5, 1.75], np.float32),
    )


def make_walk(distance, terrain=FLAT, **changes):
    """The square slides over the ground at even speed; its first joint starts at (0, 0.3)."""
    offset = np.stack([np.linspace(0.0, distance, 31), np.full(31, 0.3)], axis=1)
    trajectory = make_body().joints[None] + offset[:, None].astype(np.float32)
    return Walk(**({"body": make_body(), "terrain": terrain, "trajectory": trajectory} | changes))


def drawn(tmp_path, walk, **options):
    """A function from a point in metres to its colour in the picture."""
    path = tmp_path / "walk.png"
    figure = draw_walk(walk, path, **options)
    axes, image = figure.axes[0], imread(path)[..., :3]

    def colour(x, y):
        column, row = axes.transData.transform((x, y))
        return image[int(len(image) - row), int(column)]

    return colour, axes


def near(colour):
    return pytest.approx(to_rgb(colour), abs=0.03)


def test_ground_below_and_sky_above(tmp_path):
    colour, axes = drawn(tmp_path, make_walk(30.0))
    low, high = axes.get_ylim()
    for x in axes.get_xlim():
        inside = x + 1.0 if x < 0 else x - 1.0
        assert colour(inside, low / 2) == near(GROUND_COLOUR)
        assert colour(inside, high / 2) == near(SKY)


def test_the_last_frame_is_drawn_in_full_colours(tmp_path):
    colour, _ = drawn(tmp_path, make_walk(30.0))
    assert colour(30.0, 0.3) == near(INK)  # a joint
    assert colour(32.0, 0.3) == near(RIGID_COLOUR)
    assert colour(34.0, 2.3) == near(PHASE_COLOURS(0.25)[:3])
    assert colour(32.0, 4.3) == near(PHASE_COLOURS(0.5)[:3])
    assert colour(30.0, 3.3) == near(PHASE_COLOURS(0.75)[:3])  # 1.75 cycles


def test_earlier_frames_are_fainter(tmp_path):
    colour, _ = drawn(tmp_path, make_walk(40.0), ghosts=3)
    lightness = [colour(x, 0.3).mean() for x in (0.0, 20.0, 40.0)]
    assert lightness[0] > lightness[1] + 0.1 > lightness[2] + 0.2
    assert colour(10.0, 0.3) == near(SKY)  # no ghost between them


def test_the_path_of_the_centre_of_mass_is_drawn(tmp_path):
    colour, _ = drawn(tmp_path, make_walk(40.0), ghosts=2)
    assert colour(20.0, 2.3) == near(PATH_COLOUR)
    assert colour(20.0, 3.5) == near(SKY)


def test_walls_and_ceilings_are_solid(tmp_path):
    colour, _ = drawn(tmp_path, make_walk(-7.0, LEFT_WALL))
    assert colour(-9.0, 5.0) == near(GROUND_COLOUR)
    assert colour(-9.0, 6.5) == near(SKY)
    colour, _ = drawn(tmp_path, make_walk(15.0, TUNNEL))
    assert colour(12.0, 8.0) == near(GROUND_COLOUR)
    assert colour(9.0, 8.0) == near(SKY)
    assert colour(12.0, 6.0) == near(SKY)


@pytest.mark.parametrize("distance", [0.0, 5.0, -120.0])
def test_the_view_holds_the_walk_and_the_ground_at_one_scale(tmp_path, distance):
    walk = make_walk(distance)
    _, axes = drawn(tmp_path, walk)
    positions = walk.trajectory.reshape(-1, 2)
    for axis, (low, high) in enumerate([axes.get_xlim(), axes.get_ylim()]):
        assert low < positions[:, axis].min() - 0.3
        assert high > positions[:, axis].max() + 0.3
    assert axes.get_ylim()[0] < 0.0
    width, height = axes.transData.transform((1.0, 1.0)) - axes.transData.transform((0.0, 0.0))
    assert width == pytest.approx(height)


def test_a_tall_walk_fits_too(tmp_path):
    walk = make_walk(2.0)
    leap = walk.trajectory.copy()
    leap[15, :, 1] += 80.0
    _, axes = drawn(tmp_path, make_walk(2.0, trajectory=leap))
    assert axes.get_ylim()[1] > 84.0


def test_a_contact_sheet_has_a_picture_for_each_walk(tmp_path):
    walks = [make_walk(5.0 * k, title=f"walk {k}") for k in range(4)]
    figure = contact_sheet(walks, tmp_path / "sheet.png", columns=3)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == [f"walk {k}" for k in range(4)]
    image = imread(tmp_path / "sheet.png")[..., :3]
    for axes in shown:
        column, row = axes.transData.transform((axes.get_xlim()[0] + 1.0, -0.5))
        assert image[int(len(image) - row), int(column)] == near(GROUND_COLOUR)


def test_walks_that_cannot_be_drawn_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"trajectory has shape \[31, 3, 2\]; wanted \[frames, 4"):
        draw_walk(make_walk(1.0, trajectory=np.zeros((31, 3, 2))), tmp_path / "x.png")
    with pytest.raises(ValueError, match="not finite"):
        draw_walk(make_walk(1.0, trajectory=np.full((2, 4, 2), np.nan)), tmp_path / "x.png")
    with pytest.raises(ValueError, match="walks is empty"):
        contact_sheet([], tmp_path / "x.png")
    assert not list(tmp_path.iterdir())
