"""Metrics of archives small enough to do by hand (pyribs is the oracle in test_pyribs)."""

import math

import pytest

from elmjax.qd import Archive, Grid, archive_metrics

GRID = Grid(lower=(0.0,), upper=(4.0,), bins=(4,), names=("a",), units=("m",))


def test_by_hand():
    archive = Archive(GRID)
    archive.add([7, 8, 9], [2.0, 5.0, 0.5], [(0.5,), (1.5,), (3.5,)])
    metrics = archive_metrics(archive)
    assert metrics.niches == 3
    assert metrics.coverage == 0.75
    assert metrics.qd_score == 7.5
    assert (metrics.best, metrics.best_id) == (5.0, 8)
    assert metrics.mean == pytest.approx(2.5)


def test_empty():
    metrics = archive_metrics(Archive(GRID))
    assert (metrics.niches, metrics.coverage, metrics.qd_score) == (0, 0.0, 0.0)
    assert metrics.best_id == -1
    assert math.isnan(metrics.best)
    assert math.isnan(metrics.mean)
