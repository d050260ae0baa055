import pandas as pd
import pytest

from elmjax.config import Band
from elmjax.stages.properties import annotated, comment, in_band, read_comment

ROWS = pd.DataFrame(
    {
        "program": ["a\n", "b\n"],
        "fitness": [1.04, 30.0],
        "height": [2.0, 4.0],
        "width": [3.0, 5.0],
        "mass": [100.26, 7.0],
    }
)
SAID = "# fitness 1.0 height 2.0 width 3.0 mass 100.3\n"


def test_a_comment_is_read_as_it_was_written() -> None:
    assert comment(ROWS.iloc[0]) == SAID
    assert read_comment("x = 1\n" + SAID) == {
        "fitness": 1.0,
        "height": 2.0,
        "width": 3.0,
        "mass": 100.3,
    }


@pytest.mark.parametrize("text", ["", "# fitness 1.0 height 2.0\n", "# fitness a height 2.0"])
def test_anything_else_is_no_comment(text) -> None:
    assert read_comment(text) is None


def test_comments_stand_before_or_after_the_program() -> None:
    assert annotated(ROWS, "none") == ["a\n", "b\n"]
    assert annotated(ROWS, "prefix")[0] == SAID + "a\n"
    assert annotated(ROWS, "postfix")[0] == "a\n" + SAID


def test_a_band_is_where_both_height_and_width_lie_and_empty_by_default() -> None:
    assert in_band(ROWS, Band()).tolist() == [False, False]
    assert in_band(ROWS, Band(height=(2.0, 5.0), width=(0.0, 5.0))).tolist() == [True, False]
