"""The contact sheet of terrains: each picture under its title, at the place of the view."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from elmjax.report import TerrainPicture, terrain_sheet
from elmjax.report.drawing import GROUND_COLOUR

VIEW = (-10.0, 10.0, -2.0, 6.0)


def half_solid(title):
    """Solid below y = 2 m: the lower half of the view."""
    image = np.zeros((8, 20), np.float32)
    image[4:] = 1.0
    return TerrainPicture(title=title, image=image)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_picture_has_its_title_and_shows_ground_where_it_is(tmp_path, count):
    path = tmp_path / "sheet.png"
    titles = [f"terrain {i}" for i in range(count)]
    figure = terrain_sheet([half_solid(title) for title in titles], path, view=VIEW)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == titles
    pixels = imread(path)[..., :3]
    for axes in shown:
        assert (axes.get_xlim(), axes.get_ylim()) == ((-10, 10), (-2, 6))
        for y, colour in ((1.0, GROUND_COLOUR), (4.0, "white")):
            column, row = axes.transData.transform((5.0, y))
            found = pixels[int(len(pixels) - row), int(column)]
            assert tuple(found) == pytest.approx(to_rgb(colour), abs=0.02)


def test_long_titles_take_several_lines(tmp_path):
    figure = terrain_sheet([half_solid("word " * 40)], tmp_path / "sheet.png", view=VIEW)
    assert max(map(len, figure.axes[0].get_title().splitlines())) <= 60


def test_no_pictures_is_refused(tmp_path):
    with pytest.raises(ValueError, match="pictures is empty"):
        terrain_sheet([], tmp_path / "sheet.png", view=VIEW)
