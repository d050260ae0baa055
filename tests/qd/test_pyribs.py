"""The archive holds what pyribs' archives hold after the same solutions, and can become one."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ribs.archives import CVTArchive, GridArchive

from elmjax.qd import Archive, Grid, Rule, Tessellation, archive_metrics, to_ribs

SMALL = Grid(lower=(0.0, 0.0), upper=(2.0, 3.0), bins=(2, 3), names=("a", "b"), units=("m", "m"))
SHAPES = {
    "small": SMALL,
    "default": Grid(),
    "uneven": Grid(lower=(-3.0, 0.0, 10.0), upper=(5.0, 40.0, 1010.0), bins=(6, 24, 12)),
    "one bin": Grid(lower=(0.0, -1.0, 0.0), upper=(0.5, 1.0, 9.0), bins=(1, 5, 40)),
    # In the unit cube, because pyribs measures distances in the measures' own units.
    "tessellation": Tessellation.centroidal(40, lower=(0.0,) * 3, upper=(1.0,) * 3),
}

# Few cells and few objectives, so that cells are contested and ties are common.
solutions = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.25, 1.0, 2.5, 7.0]),
        st.floats(-0.5, 2.5, width=32),
        st.floats(-0.5, 3.5, width=32),
    ),
    min_size=1,
    max_size=60,
)


def make_oracle(cells):
    ranges = list(zip(cells.lower, cells.upper, strict=True))
    if isinstance(cells, Tessellation):
        return CVTArchive(solution_dim=1, centroids=cells.centroids, ranges=ranges)
    return GridArchive(
        solution_dim=1,
        dims=cells.bins,
        ranges=ranges,
        qd_score_offset=0.0,
        epsilon=0.0,  # its default moves a measure just below an edge into the next cell
    )


def feed(oracle, order, ids, objectives, measures):
    """Offers a batch to pyribs in turn or at once; its statuses."""
    if isinstance(oracle, CVTArchive):
        measures = np.clip(measures, oracle.lower_bounds, oracle.upper_bounds)  # left to the caller
    solution = np.array(ids, float)[:, None]
    if order == "batch":
        return oracle.add(solution, objectives, measures)["status"].tolist()
    rows = zip(solution, objectives, measures, strict=True)
    return [int(oracle.add_single(*row)["status"]) for row in rows]


def make_batches(cells, seed, *, count=5, size=120):
    """Contested cells around the middle, ties, a tenth of the measures anywhere near the box."""
    rng = np.random.default_rng(seed)
    lower, upper = np.array(cells.lower), np.array(cells.upper)
    for number in range(count):
        ids = np.arange(number * size, (number + 1) * size)
        objectives = rng.integers(-2, 6, size) / 2
        middle = rng.normal((lower + upper) / 2, (upper - lower) / 12, (size, len(lower)))
        anywhere = rng.uniform(1.3 * lower - 0.3 * upper, 1.3 * upper - 0.3 * lower, middle.shape)
        yield ids, objectives, np.where(rng.random((size, 1)) < 0.1, anywhere, middle)


def assert_same_elites(archive, oracle):
    elites = oracle.data(return_type="dict")
    order = np.argsort(elites["index"])
    assert np.array_equal(np.flatnonzero(archive.occupied), elites["index"][order])
    assert np.array_equal(archive.elite[archive.occupied], elites["solution"][order, 0])
    assert np.array_equal(archive.objective[archive.occupied], elites["objective"][order])
    measures = archive.measures[archive.occupied]
    if isinstance(oracle, CVTArchive):
        measures = np.clip(measures, oracle.lower_bounds, oracle.upper_bounds)
    assert np.array_equal(measures, elites["measures"][order])


def assert_same_metrics(archive, oracle):
    metrics, stats = archive_metrics(archive), oracle.stats
    assert metrics.niches == stats.num_elites
    assert metrics.coverage == pytest.approx(stats.coverage)
    assert metrics.qd_score == pytest.approx(stats.qd_score)
    assert metrics.best == stats.obj_max
    assert metrics.mean == pytest.approx(stats.obj_mean)
    assert archive.objective[archive.elite == metrics.best_id] == stats.obj_max


@pytest.mark.parametrize("order", ["sequential", "batch"])
@settings(deadline=None, max_examples=60)
@given(rows=solutions, size=st.integers(1, 60))
def test_agrees_on_the_edges_of_a_small_grid(order, rows, size):
    archive, oracle = Archive(SMALL, Rule(order=order)), make_oracle(SMALL)
    for start in range(0, len(rows), size):
        batch = np.array(rows[start : start + size])
        solution = np.arange(start, start + len(batch)), batch[:, 0], batch[:, 1:]
        assert archive.add(*solution).tolist() == feed(oracle, order, *solution)
    assert_same_elites(archive, oracle)
    assert_same_metrics(archive, oracle)


@pytest.mark.parametrize("order", ["sequential", "batch"])
@pytest.mark.parametrize("shape", SHAPES)
def test_agrees_after_every_batch_of_a_stream(shape, order):
    cells = SHAPES[shape]
    archive, oracle = Archive(cells, Rule(order=order)), make_oracle(cells)
    met, outside = set(), 0
    for ids, objectives, measures in make_batches(cells, seed=len(shape)):
        statuses = archive.add(ids, objectives, measures)
        assert statuses.tolist() == feed(oracle, order, ids, objectives, measures)
        met |= set(statuses)
        assert_same_elites(archive, oracle)
        assert_same_metrics(archive, oracle)
        outside += ((measures < cells.lower) | (measures > cells.upper)).any(axis=1).sum()
    assert met == {0, 1, 2}
    assert archive.clipped == outside > 0


UNEQUAL = Tessellation.centroidal(60, lower=(0.0, -5.0, 0.0), upper=(24.0, 5.0, 3000.0))


def elites_by_cell(view):
    elites = view.data(return_type="dict")
    return {
        int(cell): (int(solution[0]), objective)
        for cell, solution, objective in zip(
            elites["index"], elites["solution"], elites["objective"], strict=True
        )
    }


@pytest.mark.parametrize(
    "cells", [*SHAPES.values(), UNEQUAL], ids=[*SHAPES, "tessellation with units"]
)
def test_the_view_holds_the_same_elites_in_the_same_cells(cells):
    archive = Archive(cells)
    for batch in make_batches(cells, seed=1):
        archive.add(*batch)
    view = to_ribs(archive)
    assert elites_by_cell(view) == {
        cell: (archive.elite[cell], archive.objective[cell])
        for cell in np.flatnonzero(archive.occupied)
    }
    assert_same_metrics(archive, view)
    elites = view.data(return_type="dict")
    kept = archive.measures[elites["index"]]
    inside = ((kept >= cells.lower) & (kept <= cells.upper)).all(axis=1)
    assert np.array_equal(elites["measures"][inside], kept[inside])
    # What pyribs is offered next goes to the same cells, too.
    probes = np.random.default_rng(2).uniform(cells.lower, cells.upper, (300, len(cells.names)))
    assert np.array_equal(view.index_of(probes), cells.cell_of(probes)[0])


@pytest.mark.parametrize("cells", [Grid(), Tessellation.centroidal(50)])
@pytest.mark.filterwarnings("error")
def test_measures_that_pyribs_would_misplace_are_moved_into_their_cell(cells):
    # As an int32 a width of 1e12 m is negative; and float32 would not tell the first from an edge.
    measures = [(2 - 1e-9, 3, 30), (5, 1e12, 30), (1e5, -7, 1e6)]
    archive = Archive(cells)
    archive.add([2**53 + 1, 1, 2], [1 / 3, 2.0, 1e9 + 1], measures)
    view = to_ribs(archive)
    assert elites_by_cell(view) == {
        int(cell): (id, objective)
        for cell, id, objective in zip(
            cells.cell_of(measures)[0],
            [2**53 + 1, 1, 2],
            [1 / 3, 2.0, 1e9 + 1],
            strict=True,
        )
    }
    shown = view.data("measures").tolist()
    assert [2 - 1e-9, 3, 30] in shown  # as it is
    assert [5, 24, 30] in shown  # clipped


def test_measures_at_an_edge_are_in_the_same_bin():
    grid = Grid(lower=(0.1,), upper=(0.8,), bins=(7,), names=("a",), units=("",))
    edges = grid.edges(0)
    measures = np.concatenate([edges, np.nextafter(edges, -1), np.nextafter(edges, 2)])[:, None]
    for measure in measures:
        archive = Archive(grid)
        archive.add([0], [1.0], [measure])
        assert elites_by_cell(to_ribs(archive)).keys() == {archive.grid.cell_of([measure])[0][0]}


def test_the_view_of_an_empty_archive_is_empty():
    assert to_ribs(Archive(SMALL)).empty


def test_without_pyribs_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ribs.archives", None)
    with pytest.raises(ModuleNotFoundError, match=r"wanted pyribs: pip install 'elmjax\[ribs\]'"):
        to_ribs(Archive(SMALL))


def test_importing_the_archive_imports_no_pyribs():
    code = "import elmjax.qd, sys; sys.exit('ribs' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
