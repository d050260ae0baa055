import pytest

from elmjax.diffs import CROSSOVER, Completion, DiffVerdict

PARENTS = ("a\n", "b\n", "c\n")


def test_the_first_parent_stands_nearest_to_the_child():
    assert CROSSOVER.prompt(PARENTS, "") == (
        "# A walker.\nc\n# A walker.\nb\n# A walker.\na\n# A walker.\n"
    )


@pytest.mark.parametrize(
    ("text", "ended", "child"),
    [
        ("d\n", True, "d\n"),
        ("d\n", False, DiffVerdict.UNFINISHED),
        ("d\n# A walker.\ne", False, "d\n"),
        ("d\r\n# A walker.\r\ne", False, "d\n"),
        ("# A walker.\nd\n", True, DiffVerdict.NO_HUNK),
        ("Here it is:\n```python\nd\n```\n", False, "d\n"),
        ("```\nd\n", True, DiffVerdict.UNFINISHED),
        # A copy of any parent is no child.
        ("a\n", True, DiffVerdict.NO_CHANGE),
        ("c\n", True, DiffVerdict.NO_CHANGE),
    ],
)
def test_the_next_program_is_the_child(text, ended, child):
    assert CROSSOVER.child(Completion(text, ended), PARENTS) == child
