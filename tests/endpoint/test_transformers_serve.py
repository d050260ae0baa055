"""`transformers serve`, which others wrote, with a tiny model that has learned nothing."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from elmjax import diffs
from elmjax.diffs import CHAT_FORMATS
from elmjax.endpoint import spending
from elmjax.mutators import EndpointMutator
from elmjax.programs import SEEDS, canonical

NEEDED = ("torch", "fastapi", "uvicorn", "openai")
missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}"),
]

CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
PATIENCE = 120.0  # s until it serves


@pytest.fixture(scope="module")
def folder(model_folder, tmp_path_factory) -> Path:
    """The tiny model, as a chat model."""
    folder = tmp_path_factory.mktemp("served") / "tiny"
    shutil.copytree(model_folder, folder)
    (folder / "chat_template.jinja").write_text(CHAT)
    # Without this the server takes the likeliest token, whatever temperature it is asked for.
    (folder / "generation_config.json").write_text('{"do_sample": true, "top_k": 0}')
    return folder


@pytest.fixture(scope="module")
def url(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "NO_PROXY": "127.0.0.1"}
    process = subprocess.Popen(command, env=environment)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + PATIENCE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        assert process.poll() is None, "transformers serve has ended"
        try:
            opener.open(address, timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail("transformers serve does not come up")


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_every_request_is_answered_and_counted(open_to, url, folder, api) -> None:
    endpoint = open_to(url, api=api, model=str(folder), max_tokens=8, timeout=60.0, concurrency=2)
    format = CHAT_FORMATS["carper"] if api == "chat" else diffs.CARPER
    mutate = EndpointMutator(operator="diff", format=format, endpoint=endpoint)
    children = mutate([canonical(SEEDS["square"])], 4, seed=0)
    assert len(children) == 4
    # It has learned nothing, and writes no diff.
    assert all(child.program is None for child in children)
    assert "no_answer" not in {child.verdict for child in children}
    numbers = spending(child.spending for child in children)
    assert numbers["endpoint.requests"] == 4
    assert numbers["endpoint.prompt_tokens"] > 400
    assert 4 <= numbers["endpoint.completion_tokens"] <= 4 * 8
    assert numbers["endpoint.estimated"] == 0


def test_a_seed_repeats_an_answer(open_to, url, folder, questions) -> None:
    endpoint = open_to(url, model=str(folder), timeout=60.0, concurrency=1)
    warm = {"model": str(folder), "temperature": 20.0, "top_p": 1.0}
    asked = [replace(question, **warm) for question in questions(3)]
    texts = [[reply.answer.text for reply in endpoint.ask(asked)] for _ in range(2)]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 1
