import pytest

from elmjax.diffs import REWRITE, Completion, DiffVerdict

PARENT = "import math\n\ndef make_walker(width=1):\n    return width\n"
WHOLE = "import math\nx = 2\n\ndef make_walker():\n    return x\n"
FENCED = f"```python\n{WHOLE}```\n"


def child(text: str, *, ended: bool = True) -> str | DiffVerdict:
    return REWRITE.child(Completion(text, ended), (PARENT,))


def test_the_prompt_is_parent_instruction_and_the_opening_of_the_function():
    assert REWRITE.prompt((PARENT,), "Small change.") == (
        PARENT
        + "# A new walker, made from the one above. Small change.\n"
        + "def make_walker(width=1):"
    )


def test_a_continuation_keeps_what_stands_above_the_function():
    body = "\n    return 2 * width\n\ndef more():\n    return 1\n"
    assert child(body) == "import math\n\ndef make_walker(width=1):" + body


@pytest.mark.parametrize(
    "tail",
    [
        "\n# A new walker, made from the one above. Changed.\ndef make_walker():\n    ret",
        "\n```\nThis walker is twice as wide.",
    ],
)
def test_a_continuation_ends_where_the_model_goes_on_to_something_else(tail):
    wanted = "import math\n\ndef make_walker(width=1):\n    return 2\n"
    assert child(f"\n    return 2{tail}", ended=False) == wanted


@pytest.mark.parametrize(
    "text",
    [
        FENCED,
        FENCED.replace("```python", "```"),
        FENCED.replace("\n", "\r\n"),
        "Here is a walker:\n\n" + FENCED + "It has a wider stance.",
        FENCED + "Or:\n```python\nx = 1\n```",
    ],
)
def test_a_fenced_program_is_the_whole_child(text):
    assert child(text) == WHOLE
    assert child(text, ended=False) == WHOLE  # a block ends itself


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", DiffVerdict.NO_HUNK),
        ("\n\n  \n", DiffVerdict.NO_HUNK),
        ("```python\n\n```", DiffVerdict.NO_HUNK),
        ("```python\nx = 1\n", DiffVerdict.UNFINISHED),
        ("Sure! I would make it wider.", DiffVerdict.MALFORMED),
        ("\nreturn 2 * width\n", DiffVerdict.MALFORMED),  # the body lost its indentation
        ("\n    return width\n", DiffVerdict.NO_CHANGE),
        (f"```\n{PARENT}```", DiffVerdict.NO_CHANGE),
    ],
)
def test_an_answer_that_gives_no_child_says_why(text, verdict):
    assert child(text) is verdict


def test_a_body_without_its_end_is_unfinished():
    assert child("\n    return 2", ended=False) is DiffVerdict.UNFINISHED


def test_a_change_above_the_function_needs_a_block():
    assert REWRITE.completion((PARENT,), WHOLE) == FENCED
    below = PARENT.replace("return width", "return 3")
    assert REWRITE.completion((PARENT,), below) == "\n    return 3\n"
