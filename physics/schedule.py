"""Which bodies are simulated together: chunks of one capacity and of few sizes.

A size and a capacity are a compiled program, so there are few of each. What a chunk has room for
beyond its own bodies goes to smaller ones, which would need a chunk of their own elsewhere: a
mixed population wastes little.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np

from physics.body import CAPACITIES, Capacity


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pace:
    """What suits a platform.

    Attributes:
        joints: Joints of the largest chunk: on a CPU its working set stays in a core's own cache,
            small batches keep every core busy, and arrays stay below the 4,096 numbers from which
            newer XLA splits and so rounds them otherwise; accelerators want all they can get.
        overhead: What a chunk costs beside its walkers, in walkers.
    """

    joints: int
    overhead: float


PACES = {
    "cpu": Pace(joints=1024, overhead=2.5),
    "gpu": Pace(joints=262_144, overhead=16_384),
    "tpu": Pace(joints=65_536, overhead=4096),
}
SIZE_DIVISORS = (1, 4, 16, 64)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chunk:
    """Bodies that are simulated in one call."""

    rows: np.ndarray  # places in the caller's order
    capacity: Capacity
    batch: int  # walkers of the program, at least as many as rows


def chunk_sizes(capacity: Capacity, platform: str) -> tuple[int, ...]:
    """The few numbers of walkers that programs of a capacity are compiled for, largest first."""
    largest = max(1, _pace(platform).joints // capacity.joints)
    return tuple(sorted({max(1, largest // divisor) for divisor in SIZE_DIVISORS}, reverse=True))


def schedule(capacities: Sequence[Capacity], platform: str, devices: int = 1) -> list[Chunk]:
    """Splits bodies, given by the capacity that each needs, into chunks.

    The largest bodies come first, because their chunks take longest.

    Args:
        capacities: What each body needs.
        platform: Of the devices.
        devices: That share every chunk, each as much of it as one alone would have.
    """
    waiting = {
        capacity: [row for row, each in enumerate(capacities) if each == capacity]
        for capacity in CAPACITIES
    }
    chunks = []
    for capacity in reversed(CAPACITIES):
        own = waiting.pop(capacity)
        sizes = tuple(devices * size for size in chunk_sizes(capacity, platform))
        for size in cover(len(own), sizes, devices * _pace(platform).overhead):
            rows, own = own[:size], own[size:]
            rows = rows + _take(waiting, size - len(rows))
            chunks.append(Chunk(rows=np.array(rows), capacity=capacity, batch=size))
    return chunks


def schedule_alike(
    capacities: Sequence[Capacity], sizes_of: Callable[[Capacity], tuple[int, ...]]
) -> list[Chunk]:
    """As `schedule`, for backends that compile few sizes and whose results depend on the capacity.

    Args:
        capacities: What each body needs, and gets.
        sizes_of: The numbers of walkers that programs of a capacity are compiled for, largest
            first.
    """
    waiting: dict[Capacity, list[int]] = {}
    for row, capacity in enumerate(capacities):
        waiting.setdefault(capacity, []).append(row)
    chunks = []
    for capacity, rows in sorted(waiting.items(), reverse=True):
        sizes = sizes_of(capacity)
        for start in range(0, len(rows), sizes[0]):
            here = np.array(rows[start : start + sizes[0]])
            batch = min(size for size in sizes if size >= len(here))
            chunks.append(Chunk(rows=here, capacity=capacity, batch=batch))
    return chunks


@functools.lru_cache(maxsize=1024)
def cover(count: int, sizes: tuple[int, ...], overhead: float) -> tuple[int, ...]:
    """The cheapest chunks that hold `count` walkers, largest first.

    Args:
        count: Walkers.
        sizes: Sizes to choose from, largest first.
        overhead: What a chunk costs beside its size.
    """
    full, rest = divmod(count, sizes[0])
    # The cheapest chunks for 0, 1, 2 ... walkers, each made from a cheaper one before it.
    cheapest: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for walkers in range(1, rest + 1):
        options = (
            (cost + size + overhead, (*chunks, size))
            for size in sizes
            for cost, chunks in [cheapest[max(0, walkers - size)]]
        )
        cheapest.append(min(options))
    return tuple(sorted((*[sizes[0]] * full, *cheapest[rest][1]), reverse=True))


def _take(waiting: dict[Capacity, list[int]], room: int) -> list[int]:
    """Up to `room` of the bodies that wait, larger ones first."""
    taken: list[int] = []
    for capacity in sorted(waiting, key=lambda each: each.springs, reverse=True):
        count = min(room - len(taken), len(waiting[capacity]))
        taken += [waiting[capacity].pop() for _ in range(count)]
    return taken


def _pace(platform: str) -> Pace:
    return PACES.get(platform, PACES["gpu"])
