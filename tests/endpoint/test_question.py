import json
from dataclasses import fields, replace

import pytest

from elmjax.endpoint.question import read_answer
from tests.endpoint.conftest import QUESTION


def payload(message: object, **choice: object) -> bytes:
    return json.dumps({"choices": [{"message": message, **choice}]}).encode()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        (None, ""),  # all tokens went into thoughts
        ([{"type": "text", "text": "in "}, {"type": "x"}, 3, {"text": "parts"}], "in parts"),
        ("half \ud800 a pair", "half ? a pair"),
    ],
)
def test_contents_of_all_kinds_are_texts(content, text) -> None:
    answer = read_answer(payload({"content": content}), QUESTION)
    assert answer is not None
    assert answer.text == text
    assert answer.text.encode("utf-8", "strict").decode() == text


@pytest.mark.parametrize(
    ("reason", "ended"),
    [("stop", True), (None, True), ("content_filter", True), ("length", False)],
)
def test_an_answer_has_ended_unless_its_tokens_ran_out(reason, ended) -> None:
    answer = read_answer(payload({"content": "x"}, finish_reason=reason), QUESTION)
    assert answer is not None
    assert answer.ended is ended


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "3"}, {"prompt_tokens": -1}, 7])
def test_counts_that_are_none_are_estimated(usage) -> None:
    content = {"choices": [{"message": {"content": "12345678"}}], "usage": usage}
    answer = read_answer(json.dumps(content).encode(), QUESTION)
    assert answer is not None
    assert (answer.completion_tokens, answer.metered) == (2, False)


@pytest.mark.parametrize("name", [field.name for field in fields(QUESTION)])
def test_whatever_decides_an_answer_is_in_the_digest(name) -> None:
    asked = replace(QUESTION, instruction=None)  # a stop is sent with texts only
    change = {"model": "n", "instruction": "I", "prompt": "?", "stop": "#"}.get(name, 7)
    assert asked.digest({}, ()) == replace(asked).digest({}, ())
    assert asked.digest({}, ()) != replace(asked, **{name: change}).digest({}, ())


def test_what_is_added_and_left_out_is_in_the_digest() -> None:
    digests = {
        QUESTION.digest({}, ()),
        QUESTION.digest({"reasoning_effort": "low"}, ()),
        QUESTION.digest({}, ("seed",)),
    }
    assert len(digests) == 3
