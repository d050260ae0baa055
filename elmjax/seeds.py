"""Seeds that are made from other seeds, so that whatever has a name repeats by itself."""

import zlib
from collections.abc import Iterator

import numpy as np


def derive(seed: int, label: str, *counters: int) -> int:
    """A 63-bit seed for what has a label, and for a step of it where there are counters.

    NumPy fills short entropy up with zeros: without counters the seed is that of the counter 0.
    """
    return _drawn(np.random.SeedSequence([seed, zlib.crc32(label.encode()), *counters]))


def stream(seed: int) -> Iterator[int]:
    """Endlessly many 63-bit seeds, for calls that follow each other."""
    sequence = np.random.SeedSequence(seed)
    while True:
        yield _drawn(sequence.spawn(1)[0])


def _drawn(sequence: np.random.SeedSequence) -> int:
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)
