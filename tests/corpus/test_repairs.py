import random

import pytest

from elmjax.corpus import FUNCTIONS, WALKERS, grow, repairs
from elmjax.diffs import FIX_BUGS, apply, numbered


@pytest.mark.parametrize("kind", [WALKERS, FUNCTIONS], ids=["walkers", "functions"])
def test_a_repair_gives_back_what_runs(kind, pool):
    programs = grow(20, kind, pool, random.Random(3))
    repaired = repairs(programs, kind, pool, random.Random(4))
    assert len(repaired) >= 12
    sound = dict(zip(programs, kind.digests(programs, pool), strict=True))
    faulty = kind.digests([bug.program for bug in repaired], pool)
    for bug, digest in zip(repaired, faulty, strict=True):
        ((message, written),) = bug.edits
        assert message == FIX_BUGS
        program = apply(numbered.parse(written), bug.program)
        assert digest != sound[program]  # a KeyError for anything but what was grown
    assert None in faulty  # some bugs end the program, and
    assert any(faulty)  # some only change what it does
