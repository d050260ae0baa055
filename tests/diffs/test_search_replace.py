import pytest

from elmjax.diffs import SEARCH_REPLACE, Completion, DiffVerdict, between
from elmjax.diffs.search_replace import render

WALKER = """\
def make_walker():
    wc = walker_creator()
    a = wc.add_joint(0, 0)
    wc.add_muscle(a, a)
    wc.add_muscle(a, a)
    return wc.get_walker()
"""
MOVED = WALKER.replace("(0, 0)", "(3, 0)")


def block(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


MOVE = block("    a = wc.add_joint(0, 0)\n", "    a = wc.add_joint(3, 0)\n")
RETURN = block("    return wc.get_walker()\n", "    return 1\n")


def child(text: str, *, ended: bool = True) -> str | DiffVerdict:
    return SEARCH_REPLACE.child(Completion(text, ended), (WALKER,))


@pytest.mark.parametrize(
    "text",
    [
        MOVE,
        MOVE.replace("\n", "\r\n"),
        MOVE.rstrip("\n"),
        "Widening\n=======\n\nwalker.py\n```python\n" + MOVE + "```\nThis moves the joint.",
        MOVE.replace("SEARCH\n", "SEARCH \n").replace("REPLACE", "REPLACE  "),
    ],
)
def test_what_stands_around_a_block_is_not_read(text):
    assert child(text) == MOVED
    assert child(text, ended=False) == MOVED  # a block ends itself


def test_blocks_stand_in_any_order():
    both = MOVED.replace("wc.get_walker()", "1")
    assert child(MOVE + RETURN) == child(RETURN + MOVE) == both


def test_lines_are_deleted_and_inserted():
    assert child(block("    a = wc.add_joint(0, 0)\n", "")) == WALKER.replace(
        "    a = wc.add_joint(0, 0)\n", ""
    )
    inserted = block("    return wc.get_walker()\n", "    x = 1\n    return wc.get_walker()\n")
    assert child(inserted) == WALKER.replace("    return", "    x = 1\n    return")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", DiffVerdict.NO_HUNK),
        ("I would move the joint.\n=======\n", DiffVerdict.NO_HUNK),
        ("<<<<<<< SEARCH\n    a = wc", DiffVerdict.UNFINISHED),
        (MOVE[:-4], DiffVerdict.UNFINISHED),
        (RETURN + MOVE[:-4], DiffVerdict.UNFINISHED),
        (MOVE.replace("=======\n", ""), DiffVerdict.MALFORMED),
        (MOVE.replace("<<<<<<< SEARCH\n", ""), DiffVerdict.MALFORMED),
        ("<<<<<<< SEARCH\n" + MOVE, DiffVerdict.MALFORMED),
        (MOVE + MOVE, DiffVerdict.MALFORMED),  # two edits of one line
        (MOVE.replace("    a = wc.add_joint(0", "a = wc.add_joint(0"), DiffVerdict.NO_MATCH),
        (MOVE.replace("(0, 0)\n", "(0, 0)\n\n"), DiffVerdict.NO_MATCH),
        (block("x = 1 of another file\n", "x = 2\n") + MOVE, DiffVerdict.NO_MATCH),
        (block("    wc.add_muscle(a, a)\n", ""), DiffVerdict.AMBIGUOUS),
        (block("", "x = 1\n"), DiffVerdict.AMBIGUOUS),  # no lines stand everywhere
        (MOVE.replace("(3, 0)", "(0, 0)"), DiffVerdict.NO_CHANGE),
    ],
)
def test_blocks_that_give_no_child_say_why(text, verdict):
    assert child(text) is verdict


def test_a_repeated_line_is_written_with_a_line_that_tells_it_apart():
    changed = WALKER.replace("(a, a)", "(a, b)", 1)
    line, twice = "    wc.add_muscle(a, a)\n", "    wc.add_muscle(a, a)\n" * 2
    # The line stands twice, the two lines together once.
    assert (WALKER.count(line), WALKER.count(twice)) == (2, 1)
    text = render(between(WALKER, changed), WALKER)
    assert text == block(twice, "    wc.add_muscle(a, b)\n    wc.add_muscle(a, a)\n")


def test_edits_whose_context_overlaps_share_a_block():
    parent, wanted = "x\nx\nx\nx\n", "y\nx\nx\ny\n"
    text = render(between(parent, wanted), parent)
    assert text.count("SEARCH") == 1
    assert SEARCH_REPLACE.child(Completion(text, True), (parent,)) == wanted


def test_a_program_that_holds_a_mark_cannot_be_written():
    assert SEARCH_REPLACE.completion(("x\n",), "=======\n") is DiffVerdict.UNENCODABLE
