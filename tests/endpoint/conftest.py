"""Servers, endpoints that ask them without long waits, and questions."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from elmjax.endpoint import Endpoint, EndpointConfig, Question
from tests.endpoint.server import Say, Server

QUESTION = Question(
    model="m",
    instruction="Be brief.",
    prompt="Hello?",
    max_tokens=16,
    temperature=0.5,
    top_p=0.9,
    stop=None,
    seed=0,
)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def serve():
    """Starts a server with a script, or with one answer to everything."""
    with ExitStack() as stack:

        def start(script) -> Server:
            always = (lambda *_: script) if isinstance(script, Say) else script
            return stack.enter_context(Server(always))

        yield start


@pytest.fixture
def open_to():
    """Opens an endpoint with short waits."""
    with ExitStack() as stack:

        def start(server: Server | str, replies=None, **settings) -> Endpoint:
            url = server if isinstance(server, str) else server.url
            config = EndpointConfig(
                **{"url": url, "model": "m", "first_wait": 0.01, "timeout": 5.0} | settings
            )
            endpoint = Endpoint(config, replies)
            stack.callback(endpoint.close)
            return endpoint

        yield start


@pytest.fixture
def questions():
    """Questions that differ in their seeds."""
    return lambda count: [replace(QUESTION, seed=seed) for seed in range(count)]
