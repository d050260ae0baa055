import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.bench.memory import peak_bytes, reset_peak
from elmjax.bench.timing import quartiles, spread, time_repeats


def test_the_spread_of_five_numbers():
    assert spread([5.0, 1.0, 2.0, 4.0, 3.0]) == {
        "median_seconds": 3.0,
        "min_seconds": 1.0,
        "lower_quartile_seconds": 2.0,
        "upper_quartile_seconds": 4.0,
        "max_seconds": 5.0,
    }


def test_compilation_is_told_apart_from_the_repeats():
    program = jax.jit(lambda x: jnp.cos(x) @ x)
    calls = []

    def call():
        calls.append(program(jnp.ones((8, 8))).block_until_ready())

    first = time_repeats(call, 4)
    assert len(calls) == 5
    assert len(first.repeat_seconds) == 4
    assert first.compile_seconds > 0.0
    assert time_repeats(call, 1).compile_seconds == 0.0


def test_waiting_keeps_no_core_busy():
    timing = time_repeats(lambda: time.sleep(0.05), 2)
    assert timing.min_seconds >= 0.05
    assert timing.busy_cores < 0.5


def test_peaks_are_positive(peaks):
    assert peaks.flops_per_second > 0.0
    assert peaks.bytes_per_second > 0.0


def test_the_peak_of_memory_grows_by_what_is_touched():
    reset_peak()
    before = peak_bytes()
    assert before > 2**20
    block = np.ones(2**27, np.uint8)
    assert peak_bytes() - before == pytest.approx(block.nbytes, rel=0.2)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [([3.0], (3.0, 3.0, 3.0)), ([1.0, 9.0], (3.0, 5.0, 7.0)), ([4, 0, 2, 1, 3], (1, 2, 3))],
)
def test_quartiles_lie_within_the_values(values, wanted):
    assert quartiles(values) == wanted
