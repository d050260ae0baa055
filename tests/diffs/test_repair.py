import pytest

from elmjax.diffs import FIX_SNIPPET, Completion, DiffVerdict, fix_instruction, fix_prompt

BUGGY = "def f(a, b):\n    return a + c\n"
FIXED = "def f(a, b):\n    return a + b\n"

FORMATS = {
    "prompt": fix_prompt(),
    "edit": fix_instruction(),
    "own prompt": fix_prompt(own=True),
    "own edit": fix_instruction(own=True),
}
any_format = pytest.mark.parametrize("name", FORMATS)


def test_the_prompt_is_the_papers():
    assert FORMATS["prompt"].prompt([BUGGY], "") == (
        f"# A buggy implementation\n{BUGGY}# Fixed Bugs\ndef"
    )


def test_the_edit_mode_gives_the_instruction_and_the_functions_first_line():
    assert FORMATS["edit"].prompt([BUGGY], FIX_SNIPPET) == (
        f"{BUGGY}# Fix bugs in the previous code snippet\ndef f(a, b):"
    )


def test_our_own_models_are_given_their_opening_and_whole_lines():
    assert FORMATS["own prompt"].prompt([BUGGY], "") == (
        f"<|bos|><|program|># A buggy implementation\n{BUGGY}# Fixed Bugs\ndef f(a, b):\n"
    )
    assert str(FORMATS["own edit"].prompt([BUGGY], FIX_SNIPPET)).endswith("\ndef f(a, b):\n")
    forged = BUGGY.replace("a + c", "'<|end|>'")
    assert FORMATS["own prompt"].prompt([forged], "") is DiffVerdict.UNENCODABLE
    assert not isinstance(FORMATS["prompt"].prompt([forged], ""), DiffVerdict)


@any_format
def test_what_is_written_is_read_back(name):
    assert FORMATS[name].completion([BUGGY], BUGGY) is DiffVerdict.NO_CHANGE
    for child in (FIXED, "def g(a, b):\n    return a + b\n", "x = 1\n"):
        written = FORMATS[name].completion([BUGGY], child)
        assert FORMATS[name].child(Completion(str(written), ended=True), [BUGGY]) == child


@any_format
@pytest.mark.parametrize("behind", ["", "\n\ndef g():\n    ret", "\n# Now", "\nprint(f(1, 2))\n"])
def test_a_function_ends_where_its_indentation_does(name, behind):
    rest = str(FORMATS[name].completion([BUGGY], FIXED)).removesuffix("\n")
    ended = not behind  # something behind it shows that the function is whole
    assert FORMATS[name].child(Completion(rest + behind, ended=ended), [BUGGY]) == FIXED


@any_format
@pytest.mark.parametrize(
    ("text", "ended", "verdict"),
    [
        ("", True, DiffVerdict.NO_HUNK),
        (" \n", True, DiffVerdict.NO_HUNK),
        ("    return a +", False, DiffVerdict.UNFINISHED),
        ("Here you are.", True, DiffVerdict.MALFORMED),
        ("```python\nx = 1\n", True, DiffVerdict.UNFINISHED),
    ],
)
def test_answers_without_a_function_say_why(name, text, ended, verdict):
    assert FORMATS[name].child(Completion(text, ended=ended), [BUGGY]) is verdict


@any_format
def test_a_chat_models_block_is_the_child(name):
    text = f"Fixed:\n```python\n{FIXED}```\nIt named `c`."
    assert FORMATS[name].child(Completion(text, ended=True), [BUGGY]) == FIXED


def test_a_program_without_a_function_has_no_edit_mode():
    assert FORMATS["edit"].prompt(["x = 1\n"], FIX_SNIPPET) is DiffVerdict.UNENCODABLE
