import pytest
from hypothesis import given
from hypothesis import strategies as st

from elmjax.diffs import DiffVerdict, Edit, Hunk, apply, between, numbered

LINES = st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=8).filter(
    lambda line: "<|" not in line
)
PROGRAMS = st.lists(st.sampled_from(["", "a", "<", "|>"]) | LINES, min_size=1).map("\n".join)


def test_the_example_of_the_module_is_what_is_written():
    assert numbered.render_prompt("a\nb\n") == "<|0|>a\n<|1|>b\n"
    edit = between("a\nb\n", "a\nc\nd\n")
    assert numbered.render(edit) == "<|1|><|2|><|add|>c\n<|add|>d\n<|end|>"


@given(parent=PROGRAMS, child=PROGRAMS)
def test_an_edit_survives_its_text(parent, child):
    edit = between(parent, child)
    parsed = numbered.parse(numbered.render(edit))
    if parent == child:
        assert parsed is DiffVerdict.NO_HUNK
    else:
        assert parsed == edit
        assert apply(parsed, parent) == child


@given(program=PROGRAMS)
def test_the_prompt_holds_every_line_once(program):
    prompt = numbered.render_prompt(program + "\n")
    lines = prompt.removesuffix("\n").split("\n")
    assert len(lines) == len(program.split("\n"))
    unnumbered = [
        line.removeprefix(numbered.line_token(number)) for number, line in enumerate(lines)
    ]
    assert "\n".join(unnumbered) == program


@given(
    text=st.lists(
        st.sampled_from(["<|0|>", "<|1|>", "<|3|>", "<|add|>", "<|end|>", "x\n", "<|", "\n"]),
        max_size=10,
    ).map("".join)
)
def test_any_text_is_an_edit_or_a_verdict(text):
    parsed = numbered.parse(text)
    if isinstance(parsed, Edit):
        # Only texts that `render` writes are accepted, up to what follows the end token.
        assert text.startswith(numbered.render(parsed))
    else:
        assert isinstance(parsed, DiffVerdict)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", DiffVerdict.UNFINISHED),
        ("<|1|><|2|><|add|>x\n", DiffVerdict.UNFINISHED),
        ("<|end|>", DiffVerdict.NO_HUNK),
        ("hello<|end|>", DiffVerdict.MALFORMED),
        ("<|1|><|end|>", DiffVerdict.MALFORMED),
        ("<|2|><|1|><|add|>x\n<|end|>", DiffVerdict.MALFORMED),
        ("<|1|><|2|><|add|>x<|end|>", DiffVerdict.MALFORMED),
        ("<|1|><|2|>x\n<|end|>", DiffVerdict.MALFORMED),
        ("<|1|><|2|><|add|>x\ny\n<|end|>", DiffVerdict.MALFORMED),
        ("<|1|><|2|><|add|>x <|3|>\n<|end|>", DiffVerdict.MALFORMED),
        ("<|01|><|2|><|end|>", DiffVerdict.MALFORMED),
        ("<|1|><|128|><|end|>", DiffVerdict.MALFORMED),
        ("<|3|><|4|><|0|><|1|><|end|>", DiffVerdict.MALFORMED),
        ("<|0|><|2|><|1|><|3|><|end|>", DiffVerdict.MALFORMED),
    ],
)
def test_a_text_that_is_no_edit_says_why(text, verdict):
    assert numbered.parse(text) is verdict


def test_what_follows_the_end_token_is_not_read():
    assert numbered.parse("<|0|><|1|><|end|><|pad|><|pad|>") == Edit(
        hunks=(Hunk(start=0, stop=1, added=()),)
    )


def test_programs_that_the_tokens_cannot_name_are_refused():
    longest = "\n".join(["a"] * numbered.MAX_LINES)
    assert isinstance(numbered.render_prompt(longest), str)
    assert not isinstance(numbered.render(between(longest, longest + "\nb")), DiffVerdict)
    too_long = longest + "\na"
    assert numbered.render_prompt(too_long) is DiffVerdict.UNENCODABLE
    assert numbered.render(between(too_long, too_long + "\nb")) is DiffVerdict.UNENCODABLE


def test_programs_that_could_forge_a_token_are_refused():
    assert numbered.render_prompt("x = '<|end|>'") is DiffVerdict.UNENCODABLE
    assert numbered.render(between("a", "'<|end|>'")) is DiffVerdict.UNENCODABLE
