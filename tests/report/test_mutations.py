import io
import math

from rich.console import Console

from elmjax.qd import Record
from elmjax.report.mutations import printable, show_mutations

NAN = math.nan


def record(**values: object) -> Record:
    usual = {
        "id": 0,
        "parent": 0,
        "operator": "diff",
        "message": "Changed make_walker function.",
        "diff": "--- a/walker.py\n+++ b/walker.py\n@@ -1,1 +1,1 @@\n-x = [1]\n+x = [2]\n",
        "program": "x = [2]\n",
        "outcome": "ok",
        "reason": "",
        "displacement": -1.5,
        "fitness": 1.5,
        "height": 2.0,
        "width": 3.25,
        "mass": 7.0,
        "admitted": False,
        "cell": -1,
        "step": 0,
    }
    return Record(**(usual | values))


NO_BODY = {"displacement": NAN, "fitness": NAN, "height": NAN, "width": NAN, "mass": NAN}
UNFINISHED = record(
    outcome="unfinished", reason="breaks off", program="", diff="\x1b[2J-x", **NO_BODY
)


def shown(*records: Record, colour: bool = False) -> str:
    page = io.StringIO()
    system = "standard" if colour else None
    console = Console(file=page, width=20, force_terminal=colour, color_system=system)
    show_mutations(console, records, ["walker.py"] * len(records))
    return page.getvalue()


def test_plain_text_holds_message_outcome_diff_and_counts_uncut() -> None:
    assert shown(record(), UNFINISHED, record(message="", operator="tree")) == (
        "1. diff of walker.py: Changed make_walker function.\n"
        "ok: displacement -1.500 m, width 3.250 m, height 2.000 m, mass 7.000\n"
        "--- a/walker.py\n+++ b/walker.py\n@@ -1,1 +1,1 @@\n-x = [1]\n+x = [2]\n\n"
        "2. diff of walker.py: Changed make_walker function.\n"
        "unfinished: breaks off\n"
        "\\x1b[2J-x\n\n"
        "3. tree of walker.py\n"
        "ok: displacement -1.500 m, width 3.250 m, height 2.000 m, mass 7.000\n"
        "--- a/walker.py\n+++ b/walker.py\n@@ -1,1 +1,1 @@\n-x = [1]\n+x = [2]\n\n"
        "3 children: 2 ok, 1 unfinished\n"
    )


def test_a_terminal_sees_added_lines_in_green_and_removed_ones_in_red() -> None:
    text = shown(record(), colour=True)
    assert "\x1b[32m+x = [2]\x1b[0m" in text
    assert "\x1b[31m-x = [1]\x1b[0m" in text
    # What did not apply is no diff to colour, and nothing that a model wrote reaches the terminal.
    assert "\x1b[31m-x" not in shown(UNFINISHED, colour=True)
    assert "\x1b[2J" not in shown(UNFINISHED, colour=True)


def test_letters_of_all_languages_are_printable_and_commands_are_not() -> None:
    assert printable("é 木\tx\n") == "é 木\tx\n"
    assert printable("\x1b]0;\x07\r") == "\\x1b]0;\\x07\\r"
