"""A long run of programs of every kind: memory stays flat, in this process and in the workers.

`ELMJAX_SOAK` sets how many programs the slow form runs.
"""

import os
import random
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from elmjax.programs import SEEDS, Limits, LockdownUnavailable, ProgramPool, Verdict, mutate
from elmjax.programs.generate import generate
from elmjax.programs.tree.mutation import TreeEdit

GROWTH = 64 << 20  # bytes that memory may grow by
CHUNK = 1_000  # programs of one call
STATM = Path("/proc/self/statm")


def resident(process: int | str = "self") -> int:
    """Resident memory, bytes."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def stream(rng: random.Random):
    """Programs without end: seeds, generated ones, edits of both, leaks, sometimes a bomb."""
    parents = [*SEEDS.values(), *(generate(rng) for _ in range(200))]
    edits = [mutate(parent, rng) for parent in parents * 3]
    edited = [edit.program for edit in edits if isinstance(edit, TreeEdit)]
    while True:
        parent = rng.choice(parents)
        yield parent
        yield rng.choice(edited)
        # Refers to itself, and would stay if the worker did not look for it.
        yield f"x = [bytearray(100_000), {rng.random()}]\nx.append(x)\n{parent}"
        if rng.random() < 0.001:
            yield "x = [0]\nwhile True: x = x + x"
        if rng.random() < 0.0005:
            yield "while True: pass"


def soak(programs: int) -> Counter:
    limits = Limits(seconds=0.05, uninterruptible_seconds=0.1, memory_mebibytes=128)
    verdicts: Counter = Counter()
    source = stream(random.Random(0))
    with ProgramPool(workers=2, limits=limits) as pool:
        before = None
        for done in range(0, programs, CHUNK):
            batch = list(islice(source, min(CHUNK, programs - done)))
            verdicts.update(execution.verdict for execution in pool.run(batch))
            workers = [cell._jail._worker.process for cell in pool._cells]
            held = resident() + sum(resident(worker) for worker in workers)
            before = before or held  # after a first chunk, when everything is loaded
            assert held - before < GROWTH, f"{(held - before) >> 20} MiB after {done} programs"
    return verdicts


def check(programs: int) -> None:
    if not STATM.exists():
        pytest.skip("this system does not tell how much memory a process holds")
    try:
        verdicts = soak(programs)
    except LockdownUnavailable as reason:
        pytest.skip(f"this machine cannot confine programs: {reason}")
    assert verdicts.total() == programs
    assert verdicts[Verdict.OK] > 0.8 * programs
    assert verdicts[Verdict.WORKER_DIED] == verdicts[Verdict.PROTOCOL] == 0


def test_memory_stays_flat():
    check(5_000)


@pytest.mark.slow
def test_memory_stays_flat_over_a_million_programs():
    check(int(os.environ.get("ELMJAX_SOAK", "1_000_000")))
