"""Niches as configured."""

import numpy as np
import pytest

from elmjax.config import ConfigError, load
from elmjax.qd import Grid, Rule, Tessellation
from elmjax.stages.niches import make_archive, make_grid


def configured(**settings: str):
    return load(None, [(name.replace("__", "."), value) for name, value in settings.items()])


def test_bins_may_differ() -> None:
    grid = make_grid(configured(grid__bins="[6, 24, 12]", grid__upper="[12.0, 24.0, 300.0]"))
    assert isinstance(grid, Grid)
    assert (grid.bins, grid.cells) == ((6, 24, 12), 1728)
    # Two metres of height, one of width, 25 of mass a bin.
    assert grid.cell_of([(11.9, 1.5, 30.0)])[0].tolist() == [(5 * 24 + 1) * 12 + 1]


def test_centroids_take_the_place_of_bins_and_are_those_of_every_run() -> None:
    settings = {"grid__centroids": "20", "grid__upper": "[10.0, 20.0, 500.0]"}
    one = make_grid(configured(**settings))
    other = make_grid(configured(**settings, seed="7"))
    assert isinstance(one, Tessellation)
    assert isinstance(other, Tessellation)
    assert one.cells == 20
    assert np.array_equal(one.centroids, other.centroids)
    assert (one.centroids.max(axis=0) > (5.0, 10.0, 250.0)).all()


def test_a_scaled_map_is_not_in_metres() -> None:
    assert make_grid(configured()).labels == ("height [m]", "width [m]", "mass")
    for kind in ("0", "20"):
        grid = make_grid(configured(grid__scale="[6.8, 7.0]", grid__centroids=kind))
        assert grid.labels == ("height", "width", "mass")


def test_the_map_of_openelm() -> None:
    grid = make_grid(load("openelm"))
    assert isinstance(grid, Grid)
    assert (grid.upper, grid.bins) == ((1000.0, 1000.0, 2000.0), (12, 12, 12))
    # Height, width and mass of the Square seed there; bins are 83, 83 and 167 wide.
    assert grid.cell_of([(70.4, 68.2, 241.6)])[0].tolist() == [1]


def test_the_archive_has_the_configured_rule() -> None:
    settings = {"evolve__admission": "batch", "evolve__parsimony": "0.05"}
    assert make_archive(configured(**settings)).rule == Rule(order="batch", parsimony=0.05)
    assert make_archive(configured()).rule == Rule()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"grid__centroids": "200000"}, "grid.centroids is 200000; wanted 1 to 100,000"),
        ({"grid__upper": "[1.0, 0.0, 1.0]"}, "grid.upper of width is 0.0; wanted more"),
    ],
)
def test_what_makes_no_niches_is_an_error_of_the_configuration(settings, words) -> None:
    with pytest.raises(ConfigError, match=words):
        make_grid(configured(**settings))
