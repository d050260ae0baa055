import numpy as np
import pytest

from physics.simulate import simulate
from physics.terrain import TERRAINS, describe, make_polylines, make_terrain, parameters_of


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


def test_parameters_of_a_terrain_are_what_it_takes():
    assert parameters_of("flat") == {}
    assert parameters_of("left_wall") == {"distance": 20.0, "height": 20.0}
    with pytest.raises(ValueError, match="did you mean 'poet'"):
        parameters_of("poett")


@pytest.mark.parametrize("name", TERRAINS)
def test_defaults_given_by_name_change_nothing(name):
    given = make_polylines(name, **parameters_of(name))
    np.testing.assert_array_equal(given.floor, make_polylines(name).floor)


@pytest.mark.parametrize("name", TERRAINS)
def test_every_terrain_says_what_it_is_in_one_line(name):
    assert describe(name).endswith(".")
    assert "\n" not in describe(name)


# With their obstacles within reach of a body where it starts.
NEAR = {
    "flat": {},
    "left_wall": {"distance": 2.5},
    "right_wall": {"distance": 2.5},
    "tunnel": {"mouth": 1.0, "clearance": 4.5},
    "bumpy": {},
    "hills": {"flat_start": 0.5},
    "steps": {"flat_start": 1.0},
    "gaps": {"flat_start": 1.0, "depth": 0.5},
    "poet": {"flat_start": 1.0},
}


def test_any_mix_of_the_named_terrains_equals_each_alone(random_body):
    assert list(NEAR) == list(TERRAINS)
    terrains = [make_terrain(name, **parameters) for name, parameters in NEAR.items()]
    order = np.random.default_rng(0).permutation(2 * len(terrains)) % len(terrains)
    bodies = [random_body(seed) for seed in range(len(order))]
    together = simulate(bodies, [terrains[index] for index in order], seconds=0.2)
    for index, terrain in enumerate(terrains):
        rows = np.flatnonzero(order == index)
        alone = simulate([bodies[row] for row in rows], terrain, seconds=0.2)
        np.testing.assert_allclose(
            together.center_of_mass[rows], alone.center_of_mass, atol=1e-5, err_msg=str(index)
        )
