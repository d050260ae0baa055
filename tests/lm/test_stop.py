import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmjax.lm import generate
from elmjax.lm.prompt import pad_prompts
from elmjax.lm.stop import stop_automaton
from elmjax.lm.tokenizer import Tokenizer

TEXTS = (b"", b"a", b"b", b"ab", b"aab", b"ba", b"abab")


def walk(automaton, tokens):
    state = 0
    for token in tokens:
        state = int(automaton.following[state, token])
        if automaton.final[state]:
            return True
    return False


@settings(deadline=None)
@given(
    stop=st.text("ab", min_size=1, max_size=5).map(str.encode),
    tokens=st.lists(st.integers(0, len(TEXTS) - 1), max_size=8),
)
def test_a_stop_is_found_wherever_tokens_begin(stop, tokens):
    automaton = stop_automaton(TEXTS, stop, 1)
    assert walk(automaton, tokens) == (stop in b"".join(TEXTS[token] for token in tokens))


def test_nothing_is_forbidden():
    automaton = stop_automaton(TEXTS, b"ab", 3)
    assert automaton.permitted.shape == (3, len(TEXTS))
    assert automaton.permitted.all()
    assert (np.asarray(automaton.following) >= 0).all()


def test_an_empty_stop_is_refused():
    with pytest.raises(ValueError, match="stop must hold at least one byte"):
        stop_automaton(TEXTS, b"", 1)


def test_children_end_with_the_token_that_completes_the_stop(config, params):
    """Two letters, the second of which is the stop: a child ends with its first b."""
    texts = tuple(b"b" if token % 2 else b"a" for token in range(config.vocab_size))
    drawn = jax.jit(
        lambda key: generate.sample(
            params,
            config,
            pad_prompts([[1, 2], [3]], buckets=(4,)),
            key,
            children=20,
            slots=4,
            max_new_tokens=6,
            temperature=1.0,
            top_p=1.0,
            end_token=0,
            automaton=stop_automaton(texts, b"b", 2),
        )
    )(jax.random.key(0))
    tokens, lengths = np.asarray(drawn.tokens), np.asarray(drawn.length)
    for row, length, finished in zip(
        tokens.reshape(-1, 6), lengths.ravel(), np.asarray(drawn.finished).ravel(), strict=True
    ):
        assert finished == (row[length - 1] % 2 == 1 or row[length - 1] == 0)
        assert not (row[: length - 1] % 2).any()
        assert finished or length == 6
    assert len(set(lengths.ravel().tolist())) > 2


def test_the_bytes_of_tokens_are_their_text():
    text = "héllo wörld — 東京\n" * 3
    tokenizer = Tokenizer.train([text], entries=300)
    ids = tokenizer.encode(f"{text}\x00\x7f\xad<|end|>")
    assert (
        b"".join(tokenizer.token_bytes[token] for token in ids).decode()
        == f"{text}\x00\x7f\xad<|end|>"
    )
    assert len(tokenizer.token_bytes) == tokenizer.vocab_size
