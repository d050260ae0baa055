import dataclasses

import pytest

from elmjax.bench.costs import flops_per_substep
from elmjax.bench.walks import worker_counts


def test_every_combination_is_one_row(rows):
    keys = [(row.bucket, row.terrain, row.batch) for row in rows]
    assert len(keys) == len(set(keys)) == 2 * 2 * 2
    assert set(keys) == {
        (bucket, terrain, batch)
        for bucket in ("16x32", "32x64")
        for terrain in ("flat", "mixed")
        for batch in (3, 1)
    }


def test_numbers_are_positive_and_agree_with_each_other(rows, peaks):
    for row in rows:
        values = dataclasses.asdict(row)
        for name in ("compile_seconds", "diverged", "busy_cores"):
            assert values.pop(name) >= 0
        assert all(value > 0 for value in values.values() if isinstance(value, int | float))
        assert row.min_seconds <= row.median_seconds <= row.max_seconds
        assert row.evaluations_per_second == pytest.approx(row.batch / row.median_seconds)
        # 0.05 s are 12 steps of 1 / 240 s.
        assert row.walker_steps_per_second == pytest.approx(12 * row.evaluations_per_second)
    row = rows[0]
    flops = row.walker_steps_per_second * flops_per_substep(16, 32)
    assert row.flops_share == pytest.approx(flops / peaks.flops_per_second)
    assert rows[0].compile_seconds > 0.0


def test_scaling_goes_from_one_worker_to_all(scaled):
    counts = worker_counts()
    assert [row.workers for row in scaled] == (counts if len(counts) > 1 else [])
    assert {(row.bucket, row.terrain, row.batch) for row in scaled} <= {("16x32", "flat", 3)}
    assert counts[0] == 1
