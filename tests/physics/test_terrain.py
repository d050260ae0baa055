import json

import numpy as np
import pytest

from physics.terrain import (
    TERRAINS,
    Polylines,
    from_polylines,
    load_terrain,
    make_polylines,
    make_terrain,
)


@pytest.mark.parametrize("name", TERRAINS)
def test_named_terrains_cover_the_start_and_leave_it_at_zero(name):
    floor = make_polylines(name).floor
    assert np.interp(0.0, *floor.T) == 0.0


def test_bumps_have_the_height_asked_for():
    x, y = make_polylines("bumpy", height=3.0).floor.T
    np.testing.assert_allclose(y, 3.0 * (1.0 - np.cos(x / 5.0)))


def test_hills_are_seeded_bounded_and_level_at_the_start():
    one, same, other = (make_polylines("hills", seed=seed).floor for seed in (4, 4, 5))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    for floor in (one, other):
        assert np.abs(floor[:, 1]).max() <= 2.0 + 1e-9
        assert np.abs(floor[:, 1]).max() > 0.5
        assert np.abs(np.diff(floor[:, 1]) / np.diff(floor[:, 0])).max() <= 0.5 + 1e-9
        assert (floor[np.abs(floor[:, 0]) <= 5.0, 1] == 0.0).all()


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("left_wal", {}, "got 'left_wal', want one of: flat, .*; did you mean 'left_wall'?"),
        ("bumpy", {"heigth": 2}, "'bumpy': got 'heigth', want one of: height; did you mean"),
        ("flat", {"height": 2}, "'flat': got 'height', want one of: none"),
        ("left_wall", {"distance": -3.0}, "left_wall: distance: got -3.0"),
        ("tunnel", {"clearance": 70.0}, "tunnel: clearance: got 70.0"),
        ("bumpy", {"height": float("nan")}, "bumpy: height: got nan"),
    ],
)
def test_unknown_names_and_values_are_refused(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_terrain(name, **parameters)


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
        from_polylines(floor, ceilings)


def test_a_file_holds_the_same_terrain(tmp_path):
    path = tmp_path / "cave.json"
    polylines = make_polylines("tunnel")
    record = {
        "floor": polylines.floor.tolist(),
        "ceilings": [ceiling.tolist() for ceiling in polylines.ceilings],
    }
    path.write_text(json.dumps(record))
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
        load_terrain(path)


def test_polylines_are_checked_where_they_are_made():
    with pytest.raises(ValueError, match="cover the start"):
        Polylines(floor=np.array([[1.0, 0.0], [2.0, 0.0]]))
