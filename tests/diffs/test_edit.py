import pytest
from hypothesis import given
from hypothesis import strategies as st

from elmjax.diffs import DiffVerdict, Edit, Hunk, apply, between

LINES = st.sampled_from(["", "a", "b", "    a", "\r", "\x0c", "é"])
PROGRAMS = st.lists(LINES, min_size=1, max_size=12).map("\n".join)


def edit_of(*hunks: tuple[int, int, tuple[str, ...]]) -> Edit:
    return Edit(hunks=tuple(Hunk(start=a, stop=b, added=added) for a, b, added in hunks))


@given(parent=PROGRAMS | st.text(), child=PROGRAMS | st.text())
def test_the_edit_between_two_programs_turns_one_into_the_other(parent, child):
    result = apply(between(parent, child), parent)
    assert result == (child if child != parent else DiffVerdict.NO_HUNK)


@given(parent=PROGRAMS, child=PROGRAMS)
def test_an_edit_holds_only_lines_that_change(parent, child):
    lines = parent.split("\n")
    for hunk in between(parent, child).hunks:
        removed = lines[hunk.start : hunk.stop]
        assert removed or hunk.added
        assert not set(removed[:1]) & set(hunk.added[:1])


@given(parent=PROGRAMS, child=PROGRAMS)
def test_the_newline_at_the_end_of_both_programs_is_never_touched(parent, child):
    last = len(parent.split("\n"))
    edit = between(parent + "\n", child + "\n")
    assert all(hunk.stop <= last for hunk in edit.hunks)
    # The edit is thus the same for the two programs without it.
    assert apply(edit, parent) == apply(between(parent, child), parent)


def test_numbers_are_those_of_the_parent():
    edit = between("a\nb\nc\nd", "x\na\nb\nd\ny")
    assert edit == edit_of((0, 0, ("x",)), (2, 3, ()), (4, 4, ("y",)))


def test_a_final_newline_is_an_empty_last_line():
    assert apply(edit_of((1, 2, ())), "a\n") == "a"


@pytest.mark.parametrize(
    ("edit", "verdict"),
    [
        (edit_of(), DiffVerdict.NO_HUNK),
        (edit_of((2, 1, ("x",))), DiffVerdict.MALFORMED),
        (edit_of((-1, 1, ("x",))), DiffVerdict.MALFORMED),
        (edit_of((1, 2, ("x",)), (0, 1, ("y",))), DiffVerdict.MALFORMED),
        (edit_of((0, 2, ("x",)), (1, 2, ("y",))), DiffVerdict.MALFORMED),
        (edit_of((2, 4, ("x",))), DiffVerdict.NO_MATCH),
        (edit_of((1, 2, ("b",))), DiffVerdict.NO_CHANGE),
        (edit_of((1, 1, ())), DiffVerdict.NO_CHANGE),
    ],
)
def test_an_edit_that_gives_no_child_says_why(edit, verdict):
    assert apply(edit, "a\nb\nc") is verdict
