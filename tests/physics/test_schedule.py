import itertools

import numpy as np
import pytest

from physics.body import CAPACITIES
from physics.schedule import chunk_sizes, cover, schedule

SMALL, MIDDLE, *_ = CAPACITIES


@pytest.mark.parametrize("platform", ["cpu", "gpu", "tpu", "one that is not known"])
def test_every_body_has_one_place_in_a_chunk_that_holds_it(platform):
    random = np.random.default_rng(0)
    capacities = [CAPACITIES[i] for i in random.integers(0, len(CAPACITIES), 700)]
    chunks = schedule(capacities, platform)
    assert sorted(np.concatenate([chunk.rows for chunk in chunks])) == list(range(700))
    for chunk in chunks:
        assert 0 < len(chunk.rows) <= chunk.batch
        assert chunk.batch in chunk_sizes(chunk.capacity, platform)
        for row in chunk.rows:
            assert capacities[row].joints <= chunk.capacity.joints
            assert capacities[row].springs <= chunk.capacity.springs


def test_no_bodies_need_no_chunks():
    assert schedule([], "cpu") == []


def test_spare_rows_go_to_smaller_bodies():
    # 17 of the small ones need a chunk more than 16, and the middle ones leave room for one.
    sizes = chunk_sizes(MIDDLE, "cpu")
    chunks = schedule([MIDDLE] * (sizes[0] - 1) + [SMALL] * 17, "cpu")
    assert [(chunk.capacity, len(chunk.rows)) for chunk in chunks] == [
        (MIDDLE, sizes[0]),
        (SMALL, 16),
    ]


@pytest.mark.parametrize("count", range(1, 30))
@pytest.mark.parametrize("overhead", [0.0, 2.5, 100.0])
def test_no_other_choice_of_chunks_is_cheaper(count, overhead):
    sizes = (8, 4, 1)
    chosen = cover(count, sizes, overhead)
    assert sum(chosen) >= count

    def cost(chunks):
        return sum(chunks) + overhead * len(chunks)

    full = count // 8  # walkers fill largest chunks first, whatever the cost
    others = (
        (8,) * full + rest
        for number in range(9)
        for rest in itertools.combinations_with_replacement(sizes, number)
        if sum(rest) >= count - 8 * full
    )
    assert cost(chosen) == min(map(cost, others))


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_a_chunk_on_a_cpu_stays_below_what_xla_splits(capacity):
    assert all(2 * size * capacity.joints < 4096 for size in chunk_sizes(capacity, "cpu"))
