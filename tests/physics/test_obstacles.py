import numpy as np
import pytest

from physics.terrain import make_polylines, make_terrain

NAMES = ("steps", "gaps", "poet")
NOTHING = {"roughness": 0, "highest_stump": 0, "widest_gap": 0, "step_height": 0}


def floor(name, **parameters):
    return make_polylines(name, **parameters).floor


def side_of(points, side):
    """One side of a floor, outwards from the start."""
    outwards = points if side > 0 else points[::-1] * [-1.0, 1.0]
    return outwards[outwards[:, 0] > 0.0]


def faces(points):
    """Changes of height of the vertical faces, outwards, m."""
    offset = np.diff(points, axis=0)
    return offset[offset[:, 0] == 0.0, 1]


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_is_a_course_and_its_sides_are_independent(name):
    one, same, other = (floor(name, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    left, right = side_of(one, -1), side_of(one, 1)
    assert left.shape != right.shape or not np.allclose(left, right)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("flat_start", [3.0, 8.0])
def test_the_start_is_level_and_the_first_obstacle_stands_at_its_end(name, flat_start):
    for side in (-1, 1):
        points = side_of(floor(name, flat_start=flat_start), side)
        np.testing.assert_array_equal(points[0], [flat_start, 0.0])
        assert points[1, 0] == flat_start
        assert points[1, 1] != 0.0
        assert points[-1, 0] == 200.0


@pytest.mark.parametrize("side", [-1, 1])
def test_a_seed_means_the_same_ground_on_every_platform(side):
    # NumPy documents the raw 64-bit stream of PCG64 and that its upper 53 bits make the doubles.
    raw = np.random.PCG64(np.random.SeedSequence([7, max(side, 0)])).random_raw(4)
    _, width, ground, _ = (raw >> np.uint64(11)) * 2.0**-53
    points = side_of(floor("gaps", seed=7, narrowest=1, widest=3, spacing=6, flat_start=8), side)
    first, second = 1.0 + 2.0 * width, 6.0 + 6.0 * ground
    expected = [[8, 0], [8, -3], [8 + first, -3], [8 + first, 0], [8 + first + second, 0]]
    np.testing.assert_array_equal(points[:5], expected)


def test_the_stream_of_random_numbers_is_the_one_that_numpy_promises():
    # Recorded from NumPy 2.4, not from this package: NumPy keeps the streams of its bit generators
    # from version to version. Were it to change, every seed would mean another ground.
    assert np.random.PCG64(np.random.SeedSequence([0, 1])).random_raw() == 16412783775159424549


@pytest.mark.parametrize("side", [-1, 1])
def test_steps_have_the_heights_and_treads_asked_for(side):
    points = side_of(floor("steps", seed=3, height=0.6, tread=1.5), side)
    rises = np.abs(faces(points))
    assert 0.3 <= rises.min() < rises.max() <= 0.6
    at = points[1:][np.diff(points[:, 0]) == 0.0, 0]
    treads = np.diff(at)
    assert treads.min() >= 1.5 - 1e-9
    assert treads.max() <= 6.0 + 1e-9  # a tread and a landing, two of 1.5 m each
    assert np.abs(points[:, 1]).max() <= 4 * 0.6
    assert set(np.sign(faces(points))) == {-1.0, 1.0}


@pytest.mark.parametrize("side", [-1, 1])
def test_gaps_have_the_widths_depth_and_spacing_asked_for(side):
    points = side_of(floor("gaps", narrowest=0.7, widest=1.9, depth=2, spacing=4), side)
    assert set(points[:, 1]) == {0.0, -2.0}
    bottom = points[points[:, 1] == -2.0, 0]
    widths, between = np.diff(bottom)[::2], np.diff(bottom)[1::2]
    assert len(widths) > 20
    assert 0.7 - 1e-9 <= widths.min() < 1.0 < 1.6 < widths.max() <= 1.9 + 1e-9
    assert 4.0 - 1e-9 <= between.min() < between.max() <= 8.0 + 1e-9


def test_all_obstacles_of_poet_switched_off_are_flat_ground():
    for off in (NOTHING, {"roughness": 0, "stump_width": 0, "gap_depth": 0, "steps": 0}):
        assert (floor("poet", **off)[:, 1] == 0.0).all()
        assert make_terrain("poet", **off).segments.shape == make_terrain("flat").segments.shape


@pytest.mark.parametrize("side", [-1, 1])
def test_each_obstacle_of_poet_comes_alone(side):
    stumps = NOTHING | {"lowest_stump": 0.5, "highest_stump": 1.5, "stump_width": 0.25}
    points = side_of(floor("poet", **stumps), side)
    up, down = faces(points)[::2], faces(points)[1::2]
    np.testing.assert_array_equal(up, -down)
    assert 0.5 <= up.min() < up.max() <= 1.5
    top = points[points[:, 1] > 0.0, 0]
    np.testing.assert_allclose(np.diff(top)[::2], 0.25)

    gaps = NOTHING | {"narrowest_gap": 1.0, "widest_gap": 2.0, "gap_depth": 5.0}
    assert set(side_of(floor("poet", **gaps), side)[:, 1]) == {0.0, -5.0}

    stairs = faces(side_of(floor("poet", **NOTHING | {"step_height": 0.25, "steps": 4}), side))
    np.testing.assert_allclose(np.abs(stairs), 0.25)
    # Flights of four: every fourth step begins one, and within it all lead the same way.
    assert (np.abs(np.sign(stairs).reshape(-1, 4).sum(axis=1)) == 4).all()

    rough = side_of(floor("poet", **NOTHING | {"roughness": 0.4}), side)
    slopes = np.abs(np.diff(rough[:, 1]) / np.diff(rough[:, 0]))
    assert 0.2 < slopes.max() <= 0.4
    assert np.diff(rough[:, 0])[1:].min() >= 1.0 - 1e-9
    assert len(faces(rough)) == 0


def test_poet_mixes_its_obstacles():
    rises = faces(side_of(floor("poet"), 1))
    assert (rises <= -2.9).any()  # into a gap
    assert np.isclose(np.abs(rises), 0.3).any()  # a step
    assert ((rises > 0.31) & (rises < 0.6)).any()  # a stump


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("steps", {"height": 0}, "steps: height: got 0, want more than 0"),
        ("steps", {"tread": 0.1}, "steps: tread: got 0.1, want 0.5 to 400"),
        ("steps", {"seed": 1.5}, "steps: seed: got 1.5, want a whole number"),
        ("steps", {"seed": -1}, "steps: seed: got -1, want a whole number"),
        ("steps", {"flat_start": 150}, "steps: flat_start: got 150, want more than 0, at most 100"),
        ("gaps", {"narrowest": 3}, "gaps: narrowest: got 3, want at most widest, 2.5"),
        ("gaps", {"depth": float("nan")}, "gaps: depth: got nan, want 0.05 to 100"),
        ("gaps", {"spacing": 0}, "gaps: spacing: got 0, want 0.5 to 400"),
        ("poet", {"roughness": -1}, "poet: roughness: got -1, want 0 to 5"),
        ("poet", {"stump_width": 0.01}, "poet: stump_width: got 0.01, want 0 or 0.05 to 100"),
        ("poet", {"lowest_stump": 2}, "poet: lowest_stump: got 2, want at most highest_stump, 0.6"),
        ("poet", {"steps": 2.5}, "poet: steps: got 2.5, want a whole number"),
        ("poet", {"steps": 1000}, "poet: steps: got 1000, want a whole number, .* at most 100"),
        ("poet", {"step_hight": 1}, "'poet': got 'step_hight', .*; did you mean 'step_height'?"),
    ],
)
def test_values_out_of_range_are_refused(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_terrain(name, **parameters)
