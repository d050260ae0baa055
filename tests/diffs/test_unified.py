import shutil
import subprocess

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from elmjax.diffs import DiffVerdict, between, unified
from elmjax.diffs.edit import Edit, Hunk

LINES = st.sampled_from(
    ["", "a", "b", "    a", "-x", "+x", "@@ -1 +1 @@", "-- a", "++ b", "\\ no", "é", "\t", "x = 1"]
)
PROGRAMS = st.lists(LINES, min_size=1, max_size=12).map("\n".join)
WALKER = "def f():\n    a = 1\n    b = 2\n    a = 1\n    return a"


def test_the_diff_is_the_one_that_diff_writes():
    # `diff -U0` of the two files, headers aside.
    edit = between("a\nb\nc\nd", "x\na\nb\nd\ny\nz")
    assert unified.render(edit, "a\nb\nc\nd") == (
        "--- a/walker.py\n+++ b/walker.py\n"
        "@@ -0,0 +1,1 @@\n+x\n"
        "@@ -3,1 +3,0 @@\n-c\n"
        "@@ -4,0 +5,2 @@\n+y\n+z\n"
    )


@given(parent=PROGRAMS, child=PROGRAMS)
def test_a_diff_survives_its_text(parent, child):
    assume(parent != child)
    assert unified.apply_unified(unified.render(between(parent, child), parent), parent) == child


@settings(max_examples=20, deadline=None)
@given(parent=PROGRAMS, child=PROGRAMS)
@pytest.mark.parametrize(
    "command",
    [
        ["git", "apply", "--unidiff-zero", "-"],
        ["patch", "-p1", "--quiet", "--no-backup-if-mismatch"],
    ],
    ids=lambda command: command[0],
)
def test_git_and_patch_read_the_diff(command, parent, child, tmp_path_factory):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    assume(parent != child)
    folder = tmp_path_factory.mktemp("patched")
    file = folder / "walker.py"
    # The program without its final newline has the same diff.
    file.write_text(parent + "\n", encoding="utf-8")
    diff = unified.render(between(parent + "\n", child + "\n"), parent + "\n")
    assert diff == unified.render(between(parent, child), parent)
    subprocess.run(
        command, input=diff.encode(), cwd=folder, check=True, capture_output=True, timeout=10
    )
    assert file.read_text(encoding="utf-8") == child + "\n"


@given(
    text=st.lists(st.sampled_from(["@@ -1,1 +1 @@", "-a", "+b", " a", "", "x", "@@"])).map(
        "\n".join
    )
)
def test_any_text_gives_another_program_or_a_verdict(text):
    assert unified.apply_unified(text, "a\na\nb") != "a\na\nb"


def test_counts_of_the_header_are_ignored_and_its_line_need_not_be_right():
    diff = "--- a/w.py\n+++ b/w.py\n@@ -9,7 +8,5 @@ def f():\n-    b = 2\n+    b = 3\n"
    assert unified.apply_unified(diff, WALKER) == WALKER.replace("b = 2", "b = 3")


def test_context_lines_anchor_an_insertion():
    diff = "@@ -1,3 +1,4 @@\n     b = 2\n+    c = 3\n     a = 1\n"
    assert unified.apply_unified(diff, WALKER) == WALKER.replace("2\n", "2\n    c = 3\n")


def test_an_empty_context_line_may_have_lost_its_space():
    assert unified.apply_unified("@@ -1,3 +1,3 @@\n a\n\n-b\n+c", "a\n\nb") == "a\n\nc"


def test_the_marker_of_a_missing_newline_is_read_over():
    marker = "\\ No newline at end of file\n"
    assert unified.apply_unified(f"@@ -1 +1 @@\n-a\n{marker}+b\n{marker}", "a") == "b"


def test_the_line_of_the_header_decides_between_several_matches():
    changed = "@@ -{},1 +1,1 @@\n-    a = 1\n+    a = 7\n"
    first, second = WALKER.replace("a = 1", "a = 7", 1), WALKER[::-1].replace("1 = a", "7 = a", 1)
    assert unified.apply_unified(changed.format(1), WALKER) == first
    assert unified.apply_unified(changed.format(4), WALKER) == second[::-1]
    assert unified.apply_unified(changed.format(3), WALKER) is DiffVerdict.AMBIGUOUS


@pytest.mark.parametrize(
    ("diff", "verdict"),
    [
        ("", DiffVerdict.NO_HUNK),
        ("--- a/walker.py\n+++ b/walker.py\n", DiffVerdict.NO_HUNK),
        ("@@ -2,1 +", DiffVerdict.UNFINISHED),
        ("@@ -2,1 +2,1 @@\n", DiffVerdict.UNFINISHED),
        ("@@ -2,1 +2,1 @@\n@@ -3,1 +3,1 @@\n-x", DiffVerdict.MALFORMED),
        ("@@ some lines @@\n-    b = 2\n", DiffVerdict.MALFORMED),
        ("@@ -3,1 +3,1 @@\n-    b = 2\nb = 3\n", DiffVerdict.MALFORMED),
        ("@@ -3,1 +3,1 @@\n-    b = 5\n+    b = 3\n", DiffVerdict.NO_MATCH),
        ("@@ -77,0 +78,1 @@\n+    b = 3\n", DiffVerdict.NO_MATCH),
        ("@@ -3,1 +3,0 @@\n-    b = 2\n@@ -1,1 +1,0 @@\n-def f():\n", DiffVerdict.NO_MATCH),
        ("@@ -3,1 +3,1 @@\n-    b = 2\n+    b = 2\n", DiffVerdict.NO_CHANGE),
        ("@@ -3,1 +3,1 @@\n     b = 2\n", DiffVerdict.NO_CHANGE),
    ],
)
def test_a_diff_that_gives_no_child_says_why(diff, verdict):
    assert unified.apply_unified(diff, WALKER) is verdict


def test_only_an_edit_that_fits_is_rendered():
    with pytest.raises(ValueError, match="no_match"):
        unified.render(Edit(hunks=(Hunk(start=7, stop=9, added=()),)), WALKER)
