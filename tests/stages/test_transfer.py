"""The transfer matrix against one worked out by hand."""

import math

import pandas as pd
import pytest

from elmjax.stages.transfer import conditionality, summarise

# Mean rewards: rows are what was asked for, columns where it walked.
#        a          b
#   a  (3+5)/2=4  (1+1)/2=1
#   b  (0+2)/2=1  (6+8)/2=7
WALKED = pd.DataFrame(
    [
        ("a", "a", 3.0),
        ("a", "a", 5.0),
        ("a", "b", 1.0),
        ("a", "b", 1.0),
        ("b", "a", 0.0),
        ("b", "a", 2.0),
        ("b", "b", 6.0),
        ("b", "b", 8.0),
    ],
    columns=["written_for", "walked_on", "reward"],
)


def test_conditionality_is_the_mean_lead_of_own_programs() -> None:
    assert conditionality(WALKED) == pytest.approx(((4 - 1) + (7 - 1)) / 2)


def test_a_policy_that_ignores_the_terrain_has_none() -> None:
    alike = WALKED.assign(reward=WALKED["walked_on"].map({"a": 2.0, "b": 9.0}))
    assert conditionality(alike) == 0.0


def test_places_nothing_was_written_for_do_not_count() -> None:
    unseen = WALKED[WALKED["walked_on"] == "a"].assign(walked_on="c", reward=100.0)
    assert conditionality(pd.concat([WALKED, unseen])) == pytest.approx(4.5)


def test_one_terrain_has_nothing_to_compare_with() -> None:
    alone = WALKED[(WALKED["written_for"] == "a") & (WALKED["walked_on"] == "a")]
    assert math.isnan(conditionality(alone))
    assert "conditionality" not in summarise(alone, "a")


def test_a_row_and_a_column_of_the_matrix() -> None:
    told = summarise(WALKED, "a")
    assert {place: cell[0] for place, cell in told["on"].items()} == {"a": 4.0, "b": 1.0}
    assert told["conditionality"][0] == pytest.approx(3.0)
    low, high = told["on"]["a"][1:]
    # Student's t with one degree of freedom: 12.706 standard errors of 1 m.
    assert (low, high) == pytest.approx((4 - 12.706, 4 + 12.706), abs=1e-3)
