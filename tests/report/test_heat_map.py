"""The heat map: colours at the places where cells must be."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from elmjax.qd import Archive, Grid, Tessellation
from elmjax.report import archive_heat_map
from elmjax.report.figure import EMPTY_COLOUR

VIRIDIS = matplotlib.colormaps["viridis"]


def pixel(path, figure, label, x, y):
    """Colour of the saved picture at a point of the data of one axes."""
    axes = next(axes for axes in figure.axes if axes.get_label() == label)
    column, row = axes.transData.transform((x, y))
    image = imread(path)
    return image[int(len(image) - row), int(column), :3]


def make_archive():
    """Three elites: best 8 m; height, width and mass say the cells apart on every picture."""
    archive = Archive(Grid())
    archive.add([0, 1, 2], [8.0, 4.0, 2.0], [(3, 11, 30), (21, 5, 280), (3, 11, 130)])
    return archive


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "made" / "archive.png"
    return path, archive_heat_map(make_archive(), path)


def test_the_picture_is_large_enough_to_read(picture):
    height, width, _ = imread(picture[0]).shape
    assert (width, height) >= (1200, 700)


@pytest.mark.parametrize(
    ("label", "x", "y", "share"),
    [
        ("slice 1", 11, 3, 1.0),  # width to the right, height upwards
        ("slice 11", 5, 21, 0.5),
        ("slice 5", 11, 3, 0.25),
        ("best over mass", 11, 3, 1.0),  # the better one of the two with this height and width
        ("best over mass", 5, 21, 0.5),
        ("best over width", 30, 3, 1.0),
        ("best over width", 280, 21, 0.5),
        ("best over height", 130, 11, 0.25),
    ],
)
def test_elites_have_the_colour_of_their_objective(picture, label, x, y, share):
    assert pixel(*picture, label, x, y) == pytest.approx(VIRIDIS(share)[:3], abs=0.02)


@pytest.mark.parametrize(
    ("label", "x", "y"),
    [
        ("slice 1", 3, 11),
        ("slice 0", 11, 3),
        ("best over mass", 3, 11),
        ("best over width", 30, 21),
    ],
)
def test_empty_cells_are_grey(picture, label, x, y):
    assert pixel(*picture, label, x, y) == pytest.approx(to_rgb(EMPTY_COLOUR), abs=0.02)


def test_axes_carry_names_units_and_ranges(picture):
    axes = {axes.get_label(): axes for axes in picture[1].axes}
    assert len([label for label in axes if label.startswith("slice")]) == 12
    assert axes["slice 8"].get_xlabel() == "width [m]"
    assert axes["slice 8"].get_ylabel() == "height [m]"
    assert axes["slice 1"].get_title() == "mass 25 to 50"
    assert axes["best over width"].get_xlabel() == "mass"
    assert "3 of 1,728 niches" in picture[1].get_suptitle()


def test_an_empty_archive_and_uneven_bins_can_be_drawn(tmp_path):
    grid = Grid(lower=(-1.0, 0.0, 0.0), upper=(1.0, 1.0, 1.0), bins=(3, 7, 5))
    figure = archive_heat_map(Archive(grid), tmp_path / "empty.png")
    assert figure.get_suptitle() == "Archive: empty"
    assert pixel(tmp_path / "empty.png", figure, "slice 4", 0.5, 0.0) == pytest.approx(
        to_rgb(EMPTY_COLOUR), abs=0.02
    )
    archive = Archive(grid)
    archive.add([0, 1], [-2.0, 6.0], [(0.0, 0.5, 0.9), (0.9, 0.9, 0.1)])
    figure = archive_heat_map(archive, tmp_path / "negative.png")
    assert pixel(tmp_path / "negative.png", figure, "slice 4", 0.5, 0.0) == pytest.approx(
        VIRIDIS(0.0)[:3], abs=0.02
    )


def test_bins_that_differ_fill_the_axes(tmp_path):
    grid = Grid(bins=(6, 24, 12))
    archive = Archive(grid)
    archive.add([0, 1], [8.0, 4.0], [(2, 10.5, 30), (22, 23.5, 280)])
    path = tmp_path / "uneven.png"
    figure = archive_heat_map(archive, path)
    for label, x, y, share in [
        ("slice 1", 10.2, 3.5, 1.0),  # four metres of height, one of width
        ("slice 11", 23.2, 20.5, 0.5),
        ("best over height", 290, 23.5, 0.5),
    ]:
        assert pixel(path, figure, label, x, y) == pytest.approx(VIRIDIS(share)[:3], abs=0.02)
    assert pixel(path, figure, "slice 1", 11.5, 2) == pytest.approx(to_rgb(EMPTY_COLOUR), abs=0.02)


def test_cells_around_centroids_are_drawn_where_they_reach(tmp_path):
    # Halves of the width, the left one halved again by mass.
    centroids = [(12.0, 6.0, 75.0), (12.0, 6.0, 225.0), (12.0, 18.0, 150.0)]
    archive = Archive(Tessellation(centroids=np.array(centroids)))
    archive.add([0, 1], [8.0, 4.0], [(1, 1, 1), (23, 23, 299)])
    path = tmp_path / "tessellation.png"
    figure = archive_heat_map(archive, path)
    for label, x, y, share in [
        ("slice 0", 3, 20, 1.0),
        ("slice 0", 21, 20, 0.5),
        ("slice 11", 21, 3, 0.5),
        ("best over mass", 3, 12, 1.0),
        ("best over width", 250, 12, 0.5),
        ("best over height", 50, 3, 1.0),
    ]:
        assert pixel(path, figure, label, x, y) == pytest.approx(VIRIDIS(share)[:3], abs=0.02)
    assert pixel(path, figure, "slice 11", 3, 12) == pytest.approx(to_rgb(EMPTY_COLOUR), abs=0.02)
    assert "2 of 3 niches" in figure.get_suptitle()
    assert figure.axes[1].get_title() == "mass 25 to 50"


def test_two_measures_are_refused(tmp_path):
    grid = Grid(lower=(0.0, 0.0), upper=(1.0, 1.0), bins=(2, 2), names=("a", "b"), units=("", ""))
    with pytest.raises(ValueError, match="wanted three"):
        archive_heat_map(Archive(grid), tmp_path / "two.png")
    assert not np.any(list(tmp_path.iterdir()))


def test_of_a_fourth_measure_the_best_is_shown(tmp_path):
    names, units = ("height", "width", "mass", "depth"), ("m", "m", "", "m")
    upper = (24.0, 24.0, 300.0, 10.0)
    grid = Grid(names=names, units=units, lower=(0.0,) * 4, upper=upper, bins=(12, 12, 12, 5))
    archive = Archive(grid)
    # Alike in all but the depth, and one elsewhere.
    archive.add([0, 1, 2], [8.0, 4.0, 2.0], [(3, 11, 30, 1), (3, 11, 30, 9), (21, 5, 280, 5)])
    path = tmp_path / "archive.png"
    picture = path, archive_heat_map(archive, path)
    assert pixel(*picture, "slice 1", 11, 3) == pytest.approx(VIRIDIS(1.0)[:3], abs=0.02)
    assert pixel(*picture, "slice 11", 5, 21) == pytest.approx(VIRIDIS(0.25)[:3], abs=0.02)


def test_a_tessellation_of_four_measures_is_drawn(tmp_path):
    box = {
        "names": ("height", "width", "mass", "depth"),
        "units": ("m", "m", "", "m"),
        "lower": (0.0,) * 4,
        "upper": (24.0, 24.0, 300.0, 10.0),
    }
    centroids = np.array([[6.0, 6.0, 75.0, 2.0], [6.0, 6.0, 75.0, 8.0], [18.0, 18.0, 225.0, 5.0]])
    archive = Archive(Tessellation(centroids=centroids, **box))
    archive.add([0, 1, 2], [4.0, 8.0, 2.0], centroids)
    path = tmp_path / "archive.png"
    picture = path, archive_heat_map(archive, path)
    assert pixel(*picture, "slice 2", 6, 6) == pytest.approx(VIRIDIS(1.0)[:3], abs=0.02)
    assert pixel(*picture, "slice 9", 18, 18) == pytest.approx(VIRIDIS(0.25)[:3], abs=0.02)
