"""Counts of bundles: loops read from a listing made by hand, and the record that is committed."""

import json
from pathlib import Path

import pytest

from elmjax.bench.bundles import CASES, CLOCKS, LOOPS, RECORD, STEPS, Loop, case_of, read_loops

LISTING = """
LH: loop header
     0   :  { %s1 = inlined }
   0x1 LB: > { outer }
   0x2   : > { guard }
   0x3   :  {}
   0x4 LB: >> { first }
   0x5   : >> { first }
   0x6   : > { %1 = sbr.rel target = $region4 }
   0x7   :  {}
   0x8   : >> { in the delay of the branch }
   0x9 PF: > { outer }
   0xa LB: >> { second }
   0xb LB: >>> { inner }
   0xc   : >> { %2 = sbr.rel target = $region9 }
   0xd   : >>> { in the delay }
   0xe   : >> { second }
   0xf   : > { %3 = sbr.rel target = $region8 }
  0x10   :  {}
  0x11   : > { outer }
"""


def test_loops_end_behind_the_delay_of_their_branch():
    first, inner = Loop(own=5, inner=()), Loop(own=3, inner=())
    second = Loop(own=4, inner=(inner,))
    assert read_loops(LISTING) == Loop(own=1, inner=(Loop(own=5, inner=(first, second)),))
    assert second.bundles(trips=10) == 4 + 10 * 3


@pytest.fixture(scope="module")
def record():
    return json.loads((Path(__file__).parents[2] / RECORD).read_text())


def test_the_record_has_every_case(record):
    assert [case_of(row) for row in record["rows"]] == list(CASES)
    assert record["clocks"] == CLOCKS
    assert record["versions"]["libtpu"]


def test_rates_follow_from_counts(record):
    for row in record["rows"]:
        assert all(row[loop] > 0 for loop in LOOPS)
        walks = CLOCKS[row["chip"]] * 128 / STEPS
        assert row["level_evaluations_per_second"] == pytest.approx(
            walks / row["level_step"], abs=1
        )
        # A look serves four steps.
        step = row["ground_step"] + (row["look"] + row["look_group"]) / 4
        assert row["ground_evaluations_per_second"] == pytest.approx(walks / step, abs=1)


def test_v5e_reaches_the_rate_aimed_at(record):
    rates = [
        row["level_evaluations_per_second"]
        for row in record["rows"]
        if (row["chip"], row["joints"]) == ("v5e", 16)
    ]
    assert min(rates) >= 240_000
