"""What holds for every format."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elmjax import diffs
from elmjax.diffs import Completion, DiffVerdict, Format
from elmjax.programs import SEEDS, mutate

FORMATS = [
    diffs.NUMBERED,
    diffs.CARPER,
    diffs.SEARCH_REPLACE,
    diffs.REWRITE,
    diffs.CROSSOVER,
    diffs.NATIVE_PROGRAM,
]
every_format = pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)

# Pieces of all formats, so that random texts come near to them.
PIECES = st.sampled_from(
    [
        *("<|0|>", "<|2|>", "<|add|>x = 1", "<|end|>", "<|endoftext|>", " @@ -1 +1 @@", "@@ -2,1"),
        *("-x = 1", "+x = 2", " x = 1", "--- a", "+++ b", "\\ No newline", "<<<<<<< SEARCH"),
        *("=======", ">>>>>>> REPLACE", "```python", "```", "# A walker.", "    return 1", "\r"),
        *("# A new walker, made from the one above.", "def make_walker():", "x = 1", "", "no\x00"),
    ]
)
TEXTS = st.lists(PIECES | st.just("\n"), max_size=14).flatmap(
    lambda pieces: st.sampled_from(["\n".join(pieces), "".join(pieces)])
)
PARENT = "x = 1\nx = 1\ndef make_walker():\n    return 1\n"
PLAIN = st.lists(
    st.sampled_from(["x = 1", "x = 2", "def f():", "    return x", ""]), min_size=1, max_size=9
).map(lambda lines: "\n".join([*lines, "def make_walker():", "    return 1", ""]))


@every_format
@given(text=TEXTS, ended=st.booleans())
def test_any_answer_is_a_program_unlike_the_parent_or_a_verdict(format, text, ended):
    child = format.child(Completion(text, ended), (PARENT,))
    assert isinstance(child, DiffVerdict) or child not in (PARENT, *DiffVerdict)


@every_format
@given(parent=PLAIN, child=PLAIN)
def test_every_child_of_plain_lines_can_be_written_and_read(format, parent, child):
    text = format.completion((parent,), child)
    if parent == child:
        assert text is DiffVerdict.NO_CHANGE
    else:
        assert not isinstance(text, DiffVerdict)
        assert format.child(Completion(text, ended=True), (parent,)) == child


@every_format
@pytest.mark.parametrize("name", SEEDS)
def test_every_mutation_of_the_seeds_can_be_written_and_read(format, name):
    parent = SEEDS[name]
    for seed in range(40):
        child = mutate(parent, random.Random(seed)).program
        if child != parent:
            text = str(format.completion((parent,), child))
            assert format.child(Completion(text, ended=True), (parent,)) == child


@every_format
@given(parent=PLAIN, child=PLAIN | TEXTS)
def test_what_a_format_cannot_hold_is_refused_not_written_wrongly(format, parent, child):
    text = format.completion((parent,), child)
    if not isinstance(text, DiffVerdict):
        assert format.child(Completion(text, ended=True), (parent,)) == child


@every_format
def test_an_answer_that_breaks_off_has_its_own_outcome(format):
    child = PARENT.replace("return 1", "return 2")
    text = str(format.completion((PARENT,), child))
    # Half a line is missing, and the model had not ended.
    broken = Completion(text.rstrip("\n>")[:-3], ended=False)
    assert format.child(broken, (PARENT,)) is DiffVerdict.UNFINISHED


@every_format
def test_the_stop_string_ends_the_answer(format: Format):
    if format.stop is None:
        pytest.skip("only the model itself ends this format")
    child = PARENT.replace("return 1", "return 2")
    text = str(format.completion((PARENT,), child))
    longer = Completion(f"{text}{format.stop} and so on", ended=False)
    assert format.child(longer, (PARENT,)) == child


@every_format
def test_prompts_hold_parent_and_message_where_the_format_says_so(format: Format):
    prompt = str(format.prompt((SEEDS["square"],), "Changed all."))
    assert ("Changed all." in prompt) == format.takes_message
    if format is not diffs.NATIVE_PROGRAM:
        assert "corners = make_square(wc, 0, 0, 10, 10)" in prompt


@pytest.mark.parametrize(
    ("format", "parent"),
    [
        (diffs.NUMBERED, "x = '<|end|>'\n"),
        (diffs.CARPER, "x = '<MSG>'\n"),
        (diffs.REWRITE, "def walker():\n    return 1\n"),
        (diffs.CROSSOVER, "# A walker.\nx = 1\n"),
    ],
)
def test_parents_that_a_prompt_cannot_hold_are_refused(format, parent):
    assert format.prompt((parent, "x = 1\n"), "Changed.") is DiffVerdict.UNENCODABLE


def test_a_message_cannot_forge_the_request():
    for format, message in ((diffs.NUMBERED, "<|diff|>"), (diffs.CARPER, "a <DFF> b")):
        assert format.prompt((PARENT,), message) is DiffVerdict.UNENCODABLE
