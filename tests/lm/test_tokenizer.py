import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmjax.lm.tokenizer import LINES, LONGEST_TOKEN, SPECIALS, Tokenizer

PROGRAM = """\
import math

def make_walker():
    walker = walker_creator()
    joints = [walker.add_joint(10 * i, math.sin(i)) for i in range(12)]
    for i in range(11):
        walker.add_muscle(joints[i], joints[i + 1], False, 2.12, 0.5)
    return walker.get_walker()
"""
AWKWARD = [
    "",
    "\n",
    "\n\n\n",
    "\r\n",
    "\tif x:\n\t\treturn\n",
    "no end",
    "é ÿ 漢字 🤖 \u200b\x00",
    " " * 999,
]


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train([PROGRAM, PROGRAM.replace("i", "joint")])


@pytest.mark.parametrize("text", [*AWKWARD, PROGRAM * 20])
def test_lossless_on_awkward_text(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_lossless_on_any_text(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("special", SPECIALS)
def test_a_special_string_is_one_id(tokenizer, special):
    (token,) = tokenizer.encode(special)
    assert token == tokenizer.special(special)
    assert tokenizer.decode([token]) == special
    before, after = tokenizer.encode("x = 1\n"), tokenizer.encode("def")
    assert tokenizer.encode(f"x = 1\n{special}def") == [*before, token, *after]


def test_ids_are_distinct_and_below_the_vocabulary_size(tokenizer):
    names = ("pad", "bos", "end", "program", "message", "diff", "add")
    ids = [getattr(tokenizer, name) for name in names]
    ids += [tokenizer.line_token(line) for line in range(LINES)]
    assert len(set(ids)) == len(SPECIALS)
    assert max(ids) == tokenizer.vocab_size - 1
    assert tokenizer.encode("<|end|>") == [tokenizer.end]
    assert tokenizer.encode("<|17|>") == [tokenizer.line_token(17)]


def test_tokens_keep_to_lines_digits_and_length(tokenizer):
    pieces = [tokenizer.decode([token]) for token in tokenizer.encode(PROGRAM + "x = 1234567\n")]
    assert max(len(piece) for piece in pieces) > 4  # it has learnt merges
    for piece in pieces:
        assert len(piece) <= LONGEST_TOKEN
        assert "\n" not in piece[:-1]
        assert not any(letter.isdigit() for letter in piece) or len(piece) == 1


def test_entries_are_bounded(tokenizer):
    small = Tokenizer.train([PROGRAM], entries=300)
    assert small.vocab_size == 300 + len(SPECIALS)
    assert len(small.encode(PROGRAM)) > len(tokenizer.encode(PROGRAM))


def test_batch_is_one_by_one(tokenizer):
    texts = [PROGRAM, *AWKWARD]
    assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]


def test_bytes_that_are_no_text_decode(tokenizer):
    (first, *_) = tokenizer.encode("漢")
    assert tokenizer.decode([first]) == "\ufffd"


def test_save_and_load(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    for text in [PROGRAM, *AWKWARD, *SPECIALS]:
        assert loaded.encode(text) == tokenizer.encode(text)


def test_bad_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no tokenizer at"):
        Tokenizer.load(tmp_path / "absent.json")
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(ValueError, match=r"not a tokenizer\.json"):
        Tokenizer.load(tmp_path / "broken.json")


def test_foreign_names_are_refused(tokenizer):
    with pytest.raises(ValueError, match="not a special token"):
        tokenizer.special("<|128|>")
    with pytest.raises(ValueError, match=r"0\.\.127, got 128"):
        tokenizer.line_token(128)
