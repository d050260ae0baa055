import json

import numpy as np
import pytest

from physics.polylines import Polylines, load_polylines, to_polylines
from physics.terrain import load_terrain, make_polylines, make_terrain


@pytest.mark.parametrize(
    ("floor", "ceilings", "message"),
    [
        ([[0, 0]], [], r"floor: got shape \[1, 2\]"),
        ([[0, 0, 0], [1, 0, 0]], [], r"floor: got shape \[2, 3\]"),
        ([[-1, 0], ["a", 0]], [], "floor: want a list of"),
        ([[-1, 0], [1, np.inf]], [], "floor: got a coordinate that is not finite"),
        ([[1, 0], [-1, 0]], [], "floor: got x falling from 1 to -1 m at point 1"),
        ([[0, 0], [0, 0]], [], "floor: got one point repeated"),
        ([[1, 0], [9, 0]], [], "floor: got x from 1 to 9 m, want it to cover the start"),
        ([[-1, 0], [9e9, 0]], [], "floor: got a coordinate of 9e"),
        ([[-9, 0], [9, 0]], [[[3, 4]]], r"ceilings\[0\]: got shape"),
        ([[-9, 0], [9, 0]], [[[3, 4], [4, -1]]], r"ceilings\[0\]: got -1 m at x = 4 m"),
        ([[-9, 0], [0, 5], [9, 0]], [[[-8, 3], [8, 3]]], r"ceilings\[0\]: got 3 m at x = 0 m"),
        ([[-9, 0], [9, 0]], 3, "ceilings: got 3"),
    ],
)
def test_polylines_that_are_no_terrain_are_refused(floor, ceilings, message):
    with pytest.raises(ValueError, match=message):
        to_polylines(floor, ceilings)


def test_a_file_holds_the_same_terrain(tmp_path):
    path = tmp_path / "cave.json"
    polylines = make_polylines("tunnel")
    record = {
        "floor": polylines.floor.tolist(),
        "ceilings": [ceiling.tolist() for ceiling in polylines.ceilings],
    }
    path.write_text(json.dumps(record))
    loaded = load_polylines(path)
    np.testing.assert_array_equal(loaded.floor, polylines.floor)
    for ceiling, expected in zip(loaded.ceilings, polylines.ceilings, strict=True):
        np.testing.assert_array_equal(ceiling, expected)
    np.testing.assert_array_equal(load_terrain(path).segments, make_terrain("tunnel").segments)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "terrain file .*cave.json"),
        ("[1]", 'got no "floor"'),
        ('{"floor": [[-1, 0], [1, 0]], "ceiling": []}', "did you mean 'ceilings'"),
        ('{"floor": [[-1, 0], null]}', "floor: want a list of"),
    ],
)
def test_a_file_that_is_no_terrain_is_refused(tmp_path, text, message):
    path = tmp_path / "cave.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_polylines(path)


def test_polylines_are_checked_where_they_are_made():
    with pytest.raises(ValueError, match="cover the start"):
        Polylines(floor=np.array([[1.0, 0.0], [2.0, 0.0]]))
