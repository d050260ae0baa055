"""One tiny benchmark that the tests share."""

import pytest

from elmjax.bench.peaks import measure_peaks
from elmjax.bench.plan import read_plan
from elmjax.bench.sweep import scaling, sweep


@pytest.fixture(scope="session")
def plan():
    return read_plan(
        backend="xla",
        buckets="16x32,32x64",
        batches="3,1",
        terrains="flat,mixed",
        seconds=0.05,
        repeats=2,
        against=None,
    )


@pytest.fixture(scope="session")
def peaks():
    return measure_peaks(matrix_size=64, triad_numbers=4096)


@pytest.fixture(scope="session")
def rows(plan, peaks):
    return list(sweep(plan, peaks))


@pytest.fixture(scope="session")
def scaled(plan, peaks):
    return list(scaling(plan, peaks))
