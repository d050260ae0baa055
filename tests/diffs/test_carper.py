"""Diffs as published diff models write them, with what they get wrong."""

import pytest

from elmjax.diffs import CARPER, Completion, DiffVerdict

WALKER = """\
def make_walker():
    wc = walker_creator()
    a = wc.add_joint(0, 0)
    b = wc.add_joint(1, 0)
    wc.add_muscle(a, b)
    wc.add_muscle(a, b)
    return wc.get_walker()
"""
WIDER = WALKER.replace("joint(1, 0)", "joint(9, 0)")
HUNK = " @@ -4,1 +4,1 @@\n-    b = wc.add_joint(1, 0)\n+    b = wc.add_joint(9, 0)\n"


def child(text: str, *, ended: bool = True) -> str | DiffVerdict:
    return CARPER.child(Completion(text, ended), (WALKER,))


def test_the_prompt_is_the_one_that_the_models_were_trained_on():
    assert CARPER.prompt(("x = 1\n",), "Fixed bugs.") == (
        "<NME> walker.py\n<BEF> x = 1\n<MSG> Fixed bugs.\n<DFF>"
    )


@pytest.mark.parametrize(
    "text",
    [
        HUNK,
        HUNK.replace("-4,1 +4,1", "-40,7 +3,99"),  # counts and line are wrong
        HUNK.replace("-4,1 +4,1", "-4 +4"),  # counts of one are left out
        HUNK.replace("@@\n", "@@ def make_walker():\n"),
        HUNK.replace("\n", "\r\n"),
        HUNK + "\\ No newline at end of file\n",
        HUNK + "This makes the walker wider.\n- It may walk further.",
        HUNK + "\n\nThis makes the walker wider.",
        "```diff\n--- a/walker.py\n+++ b/walker.py\n" + HUNK[1:] + "```\nDone.",
        "--- walker.py\n+++ walker.py\n" + HUNK[1:],
        # Another file, which the model was not asked about.
        HUNK + "--- a/other.py\n+++ b/other.py\n@@ -1,1 +1,1 @@\n-x\n+y\n",
        HUNK + "diff --git a/other.py b/other.py\n--- a/other.py\n",
        HUNK + "<NME> other.py\n<BEF> x",
    ],
)
def test_what_surrounds_the_lines_of_a_diff_does_not_matter(text):
    assert child(text) == WIDER
    if "other" in text or "wider." in text or "Done" in text:  # what matters was finished
        assert child(text, ended=False) == WIDER


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", DiffVerdict.NO_HUNK),
        (" ADDFILE\nx = 1\n", DiffVerdict.NO_HUNK),
        ("I would make the walker wider.", DiffVerdict.NO_HUNK),
        (" @@ -4,1 +4,1 @@\n", DiffVerdict.UNFINISHED),
        (" @@ -4,1 +4,1 @@\nb = 9\n", DiffVerdict.UNFINISHED),
        (" @@ -four +four @@\n-    b = wc.add_joint(1, 0)\n", DiffVerdict.MALFORMED),
        # The removed line lost its indentation.
        (HUNK.replace("-    b", "-b"), DiffVerdict.NO_MATCH),
        (HUNK.replace("+    b = wc.add_joint(9", "+    b = wc.add_joint(1"), DiffVerdict.NO_CHANGE),
        # One hunk of two has no place: half an edit is none.
        (HUNK + "@@ -5,1 +5,0 @@\n-    wc.jump()\n", DiffVerdict.NO_MATCH),
    ],
)
def test_a_diff_that_gives_no_child_says_why(text, verdict):
    assert child(text) is verdict


def test_a_repeated_line_as_near_above_as_below_is_ambiguous():
    hunk = " @@ -2,1 +2,1 @@\n-x\n+y\n"
    assert CARPER.child(Completion(hunk, True), ("x\nz\nx\n",)) is DiffVerdict.AMBIGUOUS


def test_indentation_lost_in_an_added_line_is_a_child_for_the_jail_to_refuse():
    assert child(HUNK.replace("+    b", "+b")) == WIDER.replace("    b =", "b =")


def test_a_diff_without_its_end_is_unfinished_because_its_last_line_may_be():
    assert child(HUNK, ended=False) is DiffVerdict.UNFINISHED
    assert child(" @@ -4,1 +4,1 @@\n-    b = wc.add_jo", ended=False) is DiffVerdict.UNFINISHED
    assert child("and so on, and", ended=False) is DiffVerdict.NO_HUNK
