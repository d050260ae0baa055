import numpy as np
import pytest

from physics.polylines import Polylines
from physics.raster import terrain_image
from physics.terrain import TERRAINS, make_polylines, make_terrain


def test_walls_roofs_and_floors_cover_the_pixels_they_should():
    image = terrain_image(make_polylines("tunnel"), height=12, width=60, view=(-30, 30, -2, 10))
    assert image.dtype == np.float32
    assert (image[-2:] == 1).all()  # below the floor
    assert (image[1:-2] == 0).all()  # between 0 and 9
    roof = np.abs(np.arange(60) + 0.5 - 30) > 20
    np.testing.assert_allclose(image[0], np.where(roof, 0.8, 0.0), atol=1e-6)  # 9 to 10 m

    wall = terrain_image(make_polylines("left_wall"), height=12, width=60, view=(-30, 30, -2, 10))
    assert (wall[:, :10] == 1).all()
    assert (wall[:-2, 10:] == 0).all()


def test_a_slope_covers_half_of_the_pixels_it_crosses():
    ramp = Polylines(floor=np.array([[-4.0, -4.0], [4.0, 4.0]]))
    image = terrain_image(ramp, height=8, width=8, view=(-4, 4, -4, 4))
    expected = np.tril(np.ones((8, 8)), -1)[:, ::-1] + 0.5 * np.eye(8)[::-1]
    np.testing.assert_allclose(image, expected, atol=0.05)
    assert image.sum() == pytest.approx(32.0)


@pytest.mark.parametrize("name", TERRAINS)
def test_the_record_and_its_tables_give_the_same_picture(name):
    np.testing.assert_allclose(
        terrain_image(make_terrain(name)), terrain_image(make_polylines(name)), atol=1e-4
    )


def test_the_default_view_tells_the_terrains_apart():
    images = [terrain_image(make_polylines(name)) for name in TERRAINS]
    assert all(image.shape == (64, 192) for image in images)
    assert len({image.tobytes() for image in images}) == len(TERRAINS)


def test_empty_views_are_refused():
    with pytest.raises(ValueError, match="view: got"):
        terrain_image(make_polylines("flat"), view=(1, 0, 0, 1))
    with pytest.raises(ValueError, match="image: got 0 x 5 pixels"):
        terrain_image(make_polylines("flat"), height=0, width=5)
