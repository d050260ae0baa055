"""Repeated timings, and the time that JAX spent compiling meanwhile."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence

import jax
import numpy as np

_COMPILE_EVENTS = "/jax/core/compile/"  # trace, lower and compile


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timing:
    """Durations of the repeats of one call, s."""

    median_seconds: float
    min_seconds: float
    lower_quartile_seconds: float
    upper_quartile_seconds: float
    max_seconds: float
    repeat_seconds: list[float]  # in order
    compile_seconds: float  # of the first call, which is not among the repeats
    busy_cores: float  # processor time over elapsed time, of all repeats


def time_repeats(call: Callable[[], object], repeats: int) -> Timing:
    """Times a call that returns when its work is done, after one call to warm up."""
    with compile_time() as compiling:
        call()
    processor = time.process_time()
    seconds = [seconds_of(call) for _ in range(repeats)]
    processor = time.process_time() - processor
    return Timing(
        **spread(seconds),
        repeat_seconds=seconds,
        compile_seconds=sum(compiling),
        busy_cores=processor / sum(seconds),
    )


def seconds_of(call: Callable[[], object]) -> float:
    """Elapsed time of one call, s."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median, extremes and quartiles."""
    least, lower, median, upper, most = np.percentile(seconds, (0, 25, 50, 75, 100)).tolist()
    return {
        "median_seconds": median,
        "min_seconds": least,
        "lower_quartile_seconds": lower,
        "upper_quartile_seconds": upper,
        "max_seconds": most,
    }


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile, none of them outside the values."""
    lower, median, upper = np.percentile(values, (25, 50, 75)).tolist()
    return lower, median, upper


@contextlib.contextmanager
def compile_time() -> Iterator[list[float]]:
    """Collects the durations of what JAX traces, lowers and compiles in the block, s."""
    durations: list[float] = []

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event.startswith(_COMPILE_EVENTS):
            durations.append(duration_secs)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield durations
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
