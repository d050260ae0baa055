"""The tessellation: nearest centroid, ties, clipping, even cells (against pyribs: test_pyribs)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elmjax.qd import Archive, Grid, Tessellation, archive_metrics
from elmjax.qd.tessellation import _unit_centroids

# A long and a short side: in units of the box the nearest centroid is often another than in metres.
BOX = {"lower": (0.0, -1.0), "upper": (100.0, 1.0), "names": ("a", "b"), "units": ("m", "m")}
FOUR = Tessellation(
    centroids=np.array([(25.0, -0.5), (25.0, 0.5), (75.0, -0.5), (75.0, 0.5)]), **BOX
)
UNIT = {"lower": (0.0,) * 3, "upper": (1.0,) * 3}

points = st.lists(
    st.tuples(st.floats(-50, 150, width=32), st.floats(-2, 2, width=32)), min_size=1, max_size=30
)


def test_quarters_of_a_box():
    cells, clipped = FOUR.cell_of([(10, -0.9), (40, 0.1), (60, -0.1), (99, 0.9)])
    assert cells.tolist() == [0, 1, 2, 3]
    assert not clipped.any()


def test_a_range_counts_as_much_as_any_other():
    # In metres (40, 0.9) is nearer to the first; a tenth of a is less than a quarter of b.
    two = Tessellation(centroids=np.array([(40.0, -0.1), (50.0, 0.9)]), **BOX)
    assert two.cell_of([(40, 0.9)])[0].tolist() == [1]


def test_the_first_of_equally_near_centroids():
    cells, _ = FOUR.cell_of([(50, 0), (50, 0.5), (25, 0), (75, 0)])
    assert cells.tolist() == [0, 1, 0, 2]
    # Coincident centroids, in an order that the tree does not know.
    many = Tessellation(centroids=np.array([(90.0, 0.9), *[(10.0, 0.0)] * 40]), **BOX)
    assert many.cell_of([(0, 0), (10, 0), (100, 1)])[0].tolist() == [1, 1, 0]


def test_outside_is_clipped_to_the_box_and_counted():
    corner = Tessellation(centroids=np.array([(100.0, 0.0), (80.0, 1.0)]), **BOX)
    # From where it stands, (300, 1) is nearer to the first; clipped to (100, 1), to the second.
    cells, clipped = corner.cell_of([(300, 1.0), (100, 1.0), (180, 0.1)])
    assert cells.tolist() == [1, 1, 0]
    assert clipped.tolist() == [True, False, True]


@given(measures=points)
def test_the_nearest_in_units_of_the_box(measures):
    tessellation = Tessellation.centroidal(17, seed=3, **BOX)
    cells, _ = tessellation.cell_of(measures)
    inside = np.clip(measures, BOX["lower"], BOX["upper"])
    offset = (inside[:, None] - tessellation.centroids) / (100.0, 2.0)
    distance = np.sqrt((offset**2).sum(axis=2))
    assert distance[np.arange(len(cells)), cells] == pytest.approx(distance.min(axis=1), abs=1e-12)


def test_cells_do_not_depend_on_units():
    rng = np.random.default_rng(0)
    metres = rng.uniform(BOX["lower"], BOX["upper"], (500, 2))
    other = {**BOX, "lower": (0.0, -1000.0), "upper": (100.0, 1000.0), "units": ("m", "mm")}
    one, two = (Tessellation.centroidal(50, **box) for box in (BOX, other))
    assert np.array_equal(one.cell_of(metres)[0], two.cell_of(metres * (1, 1000))[0])


def test_each_centroid_is_about_the_middle_of_an_even_cell():
    tessellation = Tessellation.centroidal(100, **UNIT)
    rng = np.random.default_rng(1)
    uniform = rng.random((100_000, 3))
    cells, _ = tessellation.cell_of(uniform)
    volume = np.bincount(cells, minlength=100) / 1000  # 1 on average
    # Cells around random points vary by 0.42 (Poisson-Voronoi in three dimensions).
    assert volume.std() < 0.25
    means = np.stack([np.bincount(cells, axis) for axis in uniform.T], axis=1)
    means /= np.bincount(cells)[:, None]
    side = 100 ** (-1 / 3)  # of a cube of that volume
    assert np.abs(means - tessellation.centroids).max() < 0.2 * side


def test_equal_seeds_give_equal_centroids_and_others_others():
    one = Tessellation.centroidal(30, seed=5).centroids.copy()
    _unit_centroids.cache_clear()
    assert np.array_equal(one, Tessellation.centroidal(30, seed=5).centroids)
    assert not np.array_equal(one, Tessellation.centroidal(30, seed=6).centroids)


def test_an_archive_over_it_is_restored_to_the_same_cells():
    archive = Archive(FOUR)
    archive.add([3, 4], [1.0, 2.0], [(10, -0.9), (99, 0.9)])
    assert archive_metrics(archive).coverage == 0.5
    restored = Archive(FOUR).restored(archive.state())
    assert restored.elite.tolist() == [3, -1, -1, 4]
    with pytest.raises(ValueError, match=r"shape \[4\]; wanted \[1728\]"):
        Archive(Grid()).restored(archive.state())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Tessellation.centroidal(0), r"grid\.centroids is 0; wanted 1 to 100,000"),
        (lambda: Tessellation.centroidal(200_000), r"grid\.centroids is 200000; wanted 1 to"),
        (lambda: Tessellation.centroidal(5, lower=(0.0,)), r"grid\.lower has 1 entries; wanted 3"),
        (lambda: Tessellation(centroids=np.empty((0, 3))), "wanted one or more points"),
        (lambda: Tessellation(centroids=np.full((1, 3), 25.0)), "all of them in the box"),
        (lambda: Tessellation(centroids=np.zeros((4, 2))), r"shape \[4, 2\]; wanted \[n, 3\]"),
    ],
)
def test_errors_name_got_and_wanted(make, words):
    with pytest.raises(ValueError, match=words):
        make()
