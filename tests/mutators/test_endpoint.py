import json
import random

import pytest

from elmjax import diffs
from elmjax.diffs import CHAT_FORMATS, DiffVerdict, unified
from elmjax.endpoint import Endpoint, EndpointConfig
from elmjax.mutators import CrossoverMutator, EndpointMutator, tree_mutator
from tests.endpoint.server import Say, Server


@pytest.fixture
def asked(monkeypatch):
    """An operator that asks a server with a script, and the server."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    opened = []

    def start(script, name="search_replace", **settings) -> tuple[EndpointMutator, Server]:
        server = Server(script).__enter__()
        config = EndpointConfig(url=server.url, model="m", first_wait=0.01, **settings)
        formats = CHAT_FORMATS if config.api == "chat" else {"carper": diffs.CARPER}
        opened.extend([server, endpoint := Endpoint(config)])
        mutator = EndpointMutator(operator="diff", format=formats[name], endpoint=endpoint)
        return mutator, server

    yield start
    for each in reversed(opened):
        each.close() if isinstance(each, Endpoint) else each.__exit__()


@pytest.fixture
def edit(parents):
    """A parent and a child of it."""
    child = tree_mutator(parents[:1], 1, seed=random.Random(0).getrandbits(32))[0].program
    assert child is not None
    return parents[0], child


@pytest.mark.parametrize("name", CHAT_FORMATS)
def test_what_a_chat_model_writes_well_is_applied(asked, edit, name) -> None:
    parent, child = edit
    format = CHAT_FORMATS[name]
    answer = str(format.completion([parent], child))
    mutate, server = asked(lambda *_: Say(f"Sure!\n\n{_fenced(answer)}\nAnything else?"), name)
    (made,) = mutate([parent], 1, seed=0)
    assert made.program == child == unified.apply_unified(made.diff, parent)
    assert made.spending.completion_tokens == 5
    system, user = (message["content"] for message in server.asked[0]["messages"])
    assert "walker_creator" in system
    assert parent in user
    assert made.message in user
    assert bool(made.message) == format.takes_message


def _fenced(answer: str) -> str:
    return answer if answer.startswith("```") else f"```\n{answer.strip()}\n```"


def test_a_base_model_completes_the_text_of_the_format(asked, edit) -> None:
    parent, child = edit
    answer = str(diffs.CARPER.completion([parent], child))
    mutate, server = asked(lambda *_: Say(answer), "carper", api="completions")
    (made,) = mutate([parent], 1, seed=0)
    assert made.program == child
    assert server.asked[0]["prompt"] == diffs.CARPER.prompt([parent], made.message)
    assert server.asked[0]["stop"] == ["<|endoftext|>"]


def test_every_failure_has_an_outcome(asked, parents) -> None:
    says = [
        Say("I would rather not."),
        Say("<<<<<<< SEARCH\nno such line\n=======\n>>>>>>> REPLACE"),
        Say("<<<<<<< SEARCH\nimp", finish="length"),
        Say(None, finish="length"),  # its thoughts took all tokens
        Say("<think>\nHm, <<<<<<< SEARCH", finish="length"),
        Say("no", status=400),
        Say("garbage", raw=True),
    ]
    script = dict(enumerate(says))
    # What comes after them is asked to see that the endpoint lives.
    mutate, _ = asked(lambda number, _: script.get(number, Say()), retries=0, concurrency=1)
    children = mutate(parents[:1], len(says), seed=0)
    assert [child.verdict for child in children] == [
        DiffVerdict.NO_HUNK,
        DiffVerdict.NO_MATCH,
        DiffVerdict.UNFINISHED,
        DiffVerdict.UNFINISHED,
        DiffVerdict.UNFINISHED,
        DiffVerdict.NO_ANSWER,
        DiffVerdict.NO_ANSWER,
    ]
    assert [child.diff for child in children[:2]] == [say.content for say in says[:2]]
    assert all(child.program is None for child in children)


def test_thoughts_are_not_read(asked, edit) -> None:
    parent, child = edit
    draft = "<<<<<<< SEARCH\nnonsense\n=======\n>>>>>>> REPLACE\n"
    answer = CHAT_FORMATS["search_replace"].completion([parent], child)
    mutate, _ = asked(lambda *_: Say(f"<think>\n{draft}</think>\n\n{answer}"))
    (made,) = mutate([parent], 1, seed=0)
    assert made.program == child


def test_a_seed_asks_the_same_questions_and_every_child_its_own(asked, parents) -> None:
    mutate, server = asked(lambda *_: Say("no"), concurrency=1)
    for seed in (3, 3, 4):
        mutate(parents, 2, seed=seed)
    first, again, other = (server.asked[start : start + 4] for start in (0, 4, 8))
    assert first == again != other
    assert len({body["seed"] for body in first}) == 4
    assert all(0 <= body["seed"] < 2**31 for body in first)


def test_a_parent_that_cannot_be_shown_is_not_asked_for(asked, parents) -> None:
    mutate, server = asked(lambda *_: Say("no"))
    children = mutate(["x = '```'\n", parents[0]], 2, seed=0)
    assert [child.verdict for child in children[:2]] == [DiffVerdict.UNENCODABLE] * 2
    assert [child.spending is None for child in children] == [True, True, False, False]
    assert len(server.asked) == 2


def test_crossover_shows_the_other_parents_too(asked, parents) -> None:
    writer, server = asked(lambda *_: Say(f"```python\n{parents[1]}x = 1\n```"), "crossover")
    children = CrossoverMutator(writer=writer)(parents, 1, seed=0)
    assert [child.program for child in children] == [f"{parents[1]}x = 1\n"] * 2
    for body in server.asked:
        assert all(parent in body["messages"][1]["content"] for parent in parents)
        assert json.dumps(body).count("```python") == 2
