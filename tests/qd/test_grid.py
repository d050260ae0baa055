"""The grid: which cell, what is clipped, and what makes no grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elmjax.qd import Grid

UNEVEN = Grid(lower=(-1.0, 10.0), upper=(1.0, 20.0), bins=(4, 5), names=("a", "b"), units=("", ""))


def test_default_is_the_papers_map():
    grid = Grid()
    assert grid.cells == 1728
    assert grid.names == ("height", "width", "mass")
    assert grid.labels == ("height [m]", "width [m]", "mass")


def test_cells_are_row_major_with_the_last_measure_fastest():
    cells, _ = UNEVEN.cell_of([(-0.9, 11.0), (-0.9, 13.0), (-0.4, 11.0), (0.9, 19.0)])
    assert cells.tolist() == [0, 1, 5, 19]


def test_edges_belong_to_the_bin_above_and_the_last_to_the_last_bin():
    cells, clipped = Grid().cell_of([(0.0, 0.0, 0.0), (2.0, 0.0, 25.0), (24.0, 24.0, 300.0)])
    assert cells.tolist() == [0, 144 + 1, 1727]
    assert not clipped.any()


def test_outside_goes_to_the_edge_and_is_counted():
    cells, clipped = UNEVEN.cell_of([(-5.0, 12.0), (0.0, 1e9), (2.0, -1.0)])
    assert cells.tolist() == [1, 2 * 5 + 4, 3 * 5 + 0]
    assert clipped.tolist() == [True, True, True]


@given(
    measures=st.lists(
        st.tuples(*[st.floats(-30, 330, allow_nan=False)] * 3), min_size=1, max_size=30
    )
)
def test_a_measure_inside_lies_between_the_edges_of_its_bin(measures):
    grid = Grid()
    cells, clipped = grid.cell_of(measures)
    bins = np.stack(np.unravel_index(cells, grid.bins), axis=1)
    for row, place, outside in zip(measures, bins, clipped, strict=True):
        inside = (np.array(row) >= grid.lower) & (np.array(row) <= grid.upper)
        assert outside == (not inside.all())
        for axis in np.flatnonzero(inside):
            edges = grid.edges(axis)
            assert edges[place[axis]] <= row[axis] <= edges[place[axis] + 1]


def test_no_measures_are_no_cells():
    cells, clipped = Grid().cell_of([])
    assert cells.shape == clipped.shape == (0,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"upper": (24.0, 0.0, 300.0)}, "grid.upper of width is 0.0; wanted more than its lower"),
        ({"lower": (0.0, 0.0)}, "grid.lower has 2 entries; wanted 3"),
        ({"bins": (12, 0, 12)}, "grid.bins of width is 0; wanted"),
        ({"bins": (12, 2.5, 12)}, "grid.bins of width is 2.5; wanted"),
        ({"bins": (12, True, 12)}, "grid.bins of width is True; wanted"),
        ({"upper": (24.0, 24.0, float("inf"))}, "grid.upper of mass is inf; wanted a finite"),
        ({"names": ("height", "height", "mass")}, "wanted a different name each"),
        ({"bins": (10_000, 10_000, 10_000)}, "10000 x 10000 x 10000 make 1,000,000,000,000 cells"),
        ({"names": (), "lower": (), "upper": (), "bins": ()}, "grid.names is empty"),
    ],
)
def test_errors_name_got_and_wanted(changes, words):
    with pytest.raises(ValueError, match=words.replace(".", r"\.")):
        Grid(**changes)


def test_measures_of_another_shape_or_not_finite_are_refused():
    with pytest.raises(ValueError, match=r"measures has shape \[2\]; wanted \[n, 3\]"):
        Grid().cell_of([1.0, 2.0])
    with pytest.raises(ValueError, match=r"measures\[1\] has mass nan"):
        Grid().cell_of([(1.0, 2.0, 3.0), (1.0, 2.0, float("nan"))])
