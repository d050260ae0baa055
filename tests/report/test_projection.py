import numpy as np

from elmjax.report.projection import ASIDE, in_picture


def test_the_plane_is_drawn_as_it_is():
    points = np.random.default_rng(0).normal(size=(5, 4, 2)).astype(np.float32)
    assert in_picture(points) is points


def test_what_is_nearer_is_moved_to_the_right_and_stays_on_its_ground():
    points = np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 2.0]], np.float32)
    np.testing.assert_allclose(in_picture(points), [[1.0, 2.0], [1.0 + 2.0 * ASIDE, 2.0]])
