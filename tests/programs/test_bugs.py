import random
from collections import Counter

import pytest

from elmjax.programs import SEEDS, canonical
from elmjax.programs.tree import bugs, plant_bug
from elmjax.programs.tree.program import Program
from elmjax.programs.tree.rewriting import unparsed

PROGRAM = canonical(SEEDS["cppn_fixed"])


def planted(program, times=200):
    return [plant_bug(program, random.Random(seed)) for seed in range(times)]


def test_a_bug_changes_a_program_that_still_parses():
    for broken in planted(PROGRAM):
        assert broken is not None
        assert broken != PROGRAM
        assert broken == canonical(broken)


def test_bugs_differ():
    assert len(set(planted(PROGRAM))) > 60


@pytest.mark.parametrize(
    ("bug", "program", "possible"),
    [
        (
            bugs._miss_by_one,
            "for i in range(4):\n    f(a[i])\n",
            {
                "for i in range(3):\n    f(a[i])\n",
                "for i in range(5):\n    f(a[i])\n",
                "for i in range(4):\n    f(a[i + 1])\n",
                "for i in range(4):\n    f(a[i - 1])\n",
            },
        ),
        (bugs._compare_wrongly, "a < b\n", {"a <= b\n", "a > b\n"}),
        (bugs._swap_arguments, "f(a, 1, 1)\n", {"f(1, a, 1)\n"}),
        (
            bugs._forget_statement,
            "def f():\n    a = 1\n    return a\n",
            {
                "def f():\n    return a\n",
                "def f():\n    a = 1\n",
            },
        ),
    ],
)
def test_what_a_bug_can_be(bug, program, possible):
    seen = set()
    for seed in range(60):
        subject = Program(program)
        edit = bug(subject, random.Random(seed))
        if edit:
            seen.add(unparsed(subject, edit))
    assert seen == possible


def test_a_misspelt_name_means_nothing():
    program = "def f(width):\n    return width\n"
    for seed in range(50):
        edit = bugs._misspell(Program(program), random.Random(seed))
        if edit:
            ((_, _, name),) = edit
            assert abs(len(name) - len("width")) <= 1
            assert sum((Counter(name) - Counter("width")).values()) <= 1


def test_a_program_without_a_place_for_a_bug_has_none():
    assert plant_bug("pass\n", random.Random(0)) is None
