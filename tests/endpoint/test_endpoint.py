import logging
import threading
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from elmjax.endpoint import Failure, StoppedError, spending
from tests.endpoint.conftest import QUESTION
from tests.endpoint.server import Say

NOBODY = "http://127.0.0.1:9/v1"  # the port of a service that nobody runs


def test_answers_come_in_the_order_of_the_questions(serve, open_to, questions) -> None:
    # The first ones are answered last.
    server = serve(lambda _, body: Say(str(body["seed"]), delay=0.02 * (8 - body["seed"])))
    replies = open_to(server, concurrency=4).ask(questions(8))
    assert [reply.answer.text for reply in replies] == list("01234567")
    assert server.most_at_once == 4


def test_chat_is_asked_with_an_instruction(serve, open_to) -> None:
    server = serve(Say("hi"))
    (reply,) = open_to(server).ask([QUESTION])
    assert server.paths == ["/v1/chat/completions"]
    assert server.asked == [
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hello?"},
            ],
            "max_tokens": 16,
            "temperature": 0.5,
            "top_p": 0.9,
            "seed": 0,
        }
    ]
    answer = reply.answer
    assert (answer.text, answer.ended) == ("hi", True)
    assert (answer.prompt_tokens, answer.completion_tokens, answer.metered) == (10, 5, True)


def test_texts_are_completed_up_to_their_stop(serve, open_to) -> None:
    server = serve(Say(" world", finish="length"))
    question = replace(QUESTION, instruction=None, prompt="Hello", stop="##")
    (reply,) = open_to(server, api="completions").ask([question])
    assert server.paths == ["/v1/completions"]
    assert server.asked[0]["prompt"] == "Hello"
    assert server.asked[0]["stop"] == ["##"]
    assert "messages" not in server.asked[0]
    assert (reply.answer.text, reply.answer.ended) == (" world", False)


def test_fields_are_added_and_left_out(serve, open_to) -> None:
    server = serve(Say())
    fields = {"max_completion_tokens": 9, "reasoning_effort": "low"}
    open_to(server, fields=fields, omit=("max_tokens", "seed")).ask([QUESTION])
    assert fields.items() <= server.asked[0].items()
    assert not {"max_tokens", "seed"} & set(server.asked[0])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Say("slow down", status=429), Failure.RATE_LIMITED),
        (Say("oh", status=500), Failure.SERVER_ERROR),
        (Say("starting", status=503), Failure.SERVER_ERROR),
        (Say(delay=0.6), Failure.TIMEOUT),
        (Say(drip=0.05), Failure.TIMEOUT),  # alive, but never done
        (Say("<html>", raw=True), Failure.UNREADABLE),
        (Say("", raw=True), Failure.UNREADABLE),
        (Say('{"choices": []}', raw=True), Failure.UNREADABLE),
        (Say('{"choices": [{"message": "x"}]}', raw=True), Failure.UNREADABLE),
        (Say('{"choices": [{"message": {"content": 3}}]}', raw=True), Failure.UNREADABLE),
        (Say("[" * 100_000, raw=True), Failure.UNREADABLE),
        (Say("x", raw=True, headers={"Content-Encoding": "gzip"}), Failure.UNREADABLE),
        (Say(cut=20), Failure.UNREACHABLE),
    ],
    ids=lambda value: str(value) if isinstance(value, Failure) else "",
)
def test_what_may_pass_is_asked_again(serve, open_to, bad, reason) -> None:
    server = serve(lambda number, _: bad if number < 2 else Say("at last"))
    (reply,) = open_to(server, timeout=0.3).ask([QUESTION])
    assert reply.answer.text == "at last"
    assert reply.spending.failed == {reason: 2}
    assert (reply.spending.requests, len(server.asked)) == (3, 3)


def test_too_large_an_answer_is_not_read_to_its_end(serve, open_to) -> None:
    large = Say(b" " * (9 * 2**20), raw=True)
    server = serve(lambda number, _: large if number == 0 else Say())
    (reply,) = open_to(server, retries=0).ask([QUESTION])
    assert reply.spending.failed == {Failure.UNREADABLE: 1}


def test_waits_double_and_vary(serve, open_to, questions) -> None:
    server = serve(lambda number, _: Say("oh", status=500) if number < 3 else Say())
    open_to(server, retries=3, first_wait=0.1).ask([QUESTION])
    first, second, third = (later - earlier for earlier, later in pairwise(server.moments))
    # Each between half of 0.1, 0.2 and 0.4 s and the whole, and what the machine adds.
    assert 0.05 <= first < 0.1 + 0.2
    assert 0.1 <= second < 0.2 + 0.2
    assert 0.2 <= third < 0.4 + 0.2


def test_retry_after_is_honoured_by_all(serve, open_to, questions) -> None:
    asks = Say("wait", status=429, headers={"Retry-After": "0.5"})
    # Whoever else asks meanwhile is answered later than that is said.
    server = serve(lambda number, _: asks if number == 0 else Say(delay=0.2))
    open_to(server, concurrency=2).ask(questions(6))
    assert len(server.moments) == 7
    # Two had asked by then; of the others none comes while one waits.
    assert server.moments[1] - server.moments[0] < 0.2
    assert min(server.moments[2:]) - server.moments[0] >= 0.5


def test_an_endpoint_that_wants_a_longer_wait_than_anybody_has_failed(serve, open_to) -> None:
    tomorrow = Say("tomorrow", status=429, headers={"Retry-After": "86400"})
    server = serve(lambda number, _: tomorrow if number == 0 else Say())
    (reply,) = open_to(server).ask([QUESTION])
    assert reply.answer is None
    assert reply.spending.failed == {Failure.RATE_LIMITED: 1}


def test_a_request_that_is_refused_is_not_repeated(serve, open_to, questions) -> None:
    server = serve(lambda _, body: Say("too long", status=400) if body["seed"] else Say("good"))
    replies = open_to(server, failures=4, concurrency=1).ask(questions(4))
    assert [reply.answer is None for reply in replies] == [False, True, True, True]
    # Once each, and once to see that the endpoint lives.
    assert len(server.asked) == 5
    numbers = spending(reply.spending for reply in replies)
    assert numbers["endpoint.failed.refused"] == numbers["endpoint.unanswered"] == 3


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404])
def test_a_wrong_key_address_or_model_stops_at_once(serve, open_to, questions, status) -> None:
    server = serve(Say("not you", status=status, headers={"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(StoppedError, match=f"denies what it is asked .*{status}: .*not you"):
        open_to(server, concurrency=1).ask(questions(20))
    assert len(server.asked) == 1


def test_repeated_failure_stops(open_to, questions) -> None:
    endpoint = open_to(NOBODY, retries=1, failures=3, concurrency=2)
    with pytest.raises(StoppedError, match=r"3 requests in a row had no answer.*unreachable"):
        endpoint.ask(questions(20))
    began = time.monotonic()
    with pytest.raises(StoppedError, match="3 requests in a row"):
        endpoint.ask(questions(20))
    assert time.monotonic() - began < 0.5


def test_an_outage_gives_no_children_without_an_answer(serve, open_to, questions) -> None:
    # It begins with the last question, of which alone nobody could tell.
    server = serve(lambda number, _: Say() if number < 3 else Say("oh", status=500))
    with pytest.raises(StoppedError, match="5 requests in a row"):
        open_to(server, retries=0, failures=5, concurrency=1).ask(questions(4))
    assert len(server.asked) == 3 + 5


def test_a_question_that_has_no_answer_is_no_outage(serve, open_to, questions) -> None:
    def script(_: int, body: dict) -> Say:
        return Say("oh", status=500) if body["seed"] == 3 and body["max_tokens"] > 1 else Say()

    server = serve(script)
    replies = open_to(server, retries=0, failures=2, concurrency=1).ask(questions(4))
    assert [reply.answer is None for reply in replies] == [False, False, False, True]
    assert len(server.asked) == 4 + 1


def test_failures_between_answers_do_not_stop(serve, open_to, questions) -> None:
    def script(_: int, body: dict) -> Say:
        return Say("oh", status=500) if body["seed"] % 2 and body["max_tokens"] > 1 else Say()

    server = serve(script)
    replies = open_to(server, retries=0, failures=2, concurrency=1).ask(questions(20))
    assert sum(reply.answer is None for reply in replies) == 10


def test_the_budget_stops_and_what_was_paid_for_is_not_asked_again(
    serve, open_to, questions, tmp_path
) -> None:
    server = serve(lambda _, body: Say(str(body["seed"])))  # 15 tokens each
    replies = tmp_path / "replies.jsonl"
    first = open_to(server, replies, budget=60, concurrency=1)
    with pytest.raises(StoppedError, match=r"60 tokens were used, of evolve.endpoint.budget 60"):
        first.ask(questions(8))
    assert len(server.asked) == 4
    first.close()
    with pytest.raises(StoppedError, match="60 tokens"):
        open_to(server, replies, budget=60).ask(questions(8))
    assert len(server.asked) == 4
    again = open_to(server, replies, budget=1000).ask(questions(8))
    assert [reply.answer.text for reply in again] == list("01234567")
    assert len(server.asked) == 8
    assert [reply.spending.requests for reply in again] == [0] * 4 + [1] * 4
    assert spending(reply.spending for reply in again)["endpoint.remembered"] == 4


def test_tokens_that_are_not_counted_are_estimated(serve, open_to) -> None:
    server = serve(Say("x" * 40, usage=None))
    question = replace(QUESTION, instruction="i" * 20, prompt="p" * 60)
    (reply,) = open_to(server).ask([question])
    # Four characters a token.
    assert (reply.spending.prompt_tokens, reply.spending.completion_tokens) == (20, 10)
    assert spending([reply.spending])["endpoint.estimated"] == 1


def test_the_key_is_sent_and_told_to_nobody(serve, open_to, tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-secret\n")
    caplog.set_level(logging.DEBUG)
    server = serve(lambda _, __: Say("Incorrect key: sk-secret", status=401))
    endpoint = open_to(server, tmp_path / "replies.jsonl", key_variable="OTHER_KEY")
    with pytest.raises(StoppedError) as stopped:
        endpoint.ask([QUESTION])
    assert server.headers[0]["Authorization"] == "Bearer sk-secret"
    assert "Incorrect key: (key)" in str(stopped.value)
    assert "sk-secret" not in f"{stopped.value}{caplog.text}{endpoint.config}"


def test_no_key_sends_none(serve, open_to, monkeypatch) -> None:
    monkeypatch.delenv("ELMJAX_ENDPOINT_KEY", raising=False)
    server = serve(Say())
    open_to(server).ask([QUESTION])
    assert "Authorization" not in server.headers[0]


def test_a_key_that_no_header_can_hold_is_refused(open_to, monkeypatch) -> None:
    monkeypatch.setenv("ELMJAX_ENDPOINT_KEY", "sk-ab\nX-Other: 1")
    with pytest.raises(ValueError, match="ELMJAX_ENDPOINT_KEY: got a key with") as refused:
        open_to(NOBODY)
    assert "sk-ab" not in str(refused.value)


def test_closing_ends_what_is_under_way(serve, open_to, questions) -> None:
    server = serve(Say("oh", status=500))
    endpoint = open_to(server, retries=9, first_wait=30.0)
    threading.Timer(0.3, endpoint.close).start()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        endpoint.ask(questions(3))
    assert time.monotonic() - began < 5
