import pytest

from elmjax.endpoint.question import Answer
from elmjax.endpoint.replies import Replies


def answer(text: str) -> Answer:
    return Answer(text=text, ended=True, prompt_tokens=2, completion_tokens=1, metered=True)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "replies.jsonl"
    replies = Replies(path)
    for name in ("a", "b", "c"):
        replies.add(name, answer(f"{name}\nä\u2028"))
    replies.close()
    return path


def test_replies_are_found_again(path) -> None:
    replies = Replies(path)
    assert [replies.get(name) for name in "abc"] == [answer(f"{name}\nä\u2028") for name in "abc"]
    assert replies.get("d") is None
    assert replies.tokens == 9


def test_a_torn_last_line_is_passed_over_and_the_next_one_is_whole(path) -> None:
    path.write_bytes(path.read_bytes()[:-10])
    replies = Replies(path)
    assert (replies.get("b"), replies.get("c")) == (answer("b\nä\u2028"), None)
    assert replies.tokens == 6
    replies.add("c", answer("anew"))
    replies.close()
    assert [Replies(path).get(name) for name in "bc"] == [answer("b\nä\u2028"), answer("anew")]


@pytest.mark.parametrize(
    "line",
    ["{}", "[]", "nonsense", '{"question": "b"}', '{"question": "b", "text": 3}', "[" * 99_999],
)
def test_a_damaged_line_costs_its_reply_only(path, line) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join([lines[0], line, *lines[2:]]), encoding="utf-8")
    replies = Replies(path)
    assert replies.get("b") is None
    assert [replies.get(name) for name in "ac"] == [answer("a\nä\u2028"), answer("c\nä\u2028")]


def test_without_a_file_nothing_is_kept_but_the_count() -> None:
    replies = Replies(None)
    replies.add("a", answer("a"))
    assert replies.get("a") is None
    assert replies.tokens == 3
