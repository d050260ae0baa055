"""Names of the hub, against a server that answers as it does."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from elmjax.lm.hub import is_hub_name

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DESCRIPTION = {"config.json": b'{"model_type": "codegen"}', "tokenizer.json": b"{}"}
REPOSITORIES = {
    "tiny/safe": DESCRIPTION
    | {
        "model.safetensors": b"safe weights",
        "pytorch_model.bin": b"pickled weights",
        "modeling_tiny.py": b"raise SystemExit",
        "README.md": b"A card.",
        "onnx/model.safetensors": b"for another",
    },
    "tiny/pickled": DESCRIPTION
    | {"pytorch_model.bin": b"pickled weights", "training_args.bin": b"arguments"},
}
FETCH = "import sys; from elmjax.lm.hub import fetch; print(fetch(sys.argv[1]))"


class Hub(BaseHTTPRequestHandler):
    """What `snapshot_download` asks for: the list of files, and each of them."""

    asked: list[str]

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0].strip("/")
        type(self).asked.append(path)
        name = "/".join(path.removeprefix("api/models/").split("/")[:2])
        files = REPOSITORIES.get(name)
        if files is None:
            self.answer(404, b'{"error": "no such repository"}', {"X-Error-Code": "RepoNotFound"})
        elif path.startswith("api/models/"):
            kind = path.removeprefix(f"api/models/{name}/").split("/")[0]
            self.answer(200, json.dumps(self.described(name, files, kind)).encode(), {})
        else:
            content = files.get(path.split("/", 4)[-1])
            mark = hashlib.sha256(content or b"").hexdigest()
            headers = {"ETag": f'"{mark}"', "X-Repo-Commit": COMMIT}
            self.answer(404 if content is None else 200, content or b"", headers)

    def described(self, name, files, kind):
        if kind == "tree":
            return [
                {"type": "file", "path": file, "size": len(text), "oid": "0" * 40}
                for file, text in files.items()
            ]
        return {
            "id": name,
            "modelId": name,
            "sha": COMMIT,
            "private": False,
            "tags": [],
            "siblings": [{"rfilename": file} for file in files],
        }

    def answer(self, code, content, headers):
        self.send_response(code)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving():
    handler = type("Handler", (Hub,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.asked
    finally:
        server.shutdown()
        server.server_close()


def fetched(name, home, endpoint, **environment):
    """What a process of its own says, because settings are read once."""
    settings = {
        "HF_HOME": str(home),
        "HF_ENDPOINT": endpoint,
        "NO_PROXY": "*",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
    }
    return subprocess.run(
        [sys.executable, "-c", FETCH, name],
        env=os.environ | settings | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def files(done) -> set[str]:
    assert done.returncode == 0, done.stderr
    folder = done.stdout.strip()
    return {
        os.path.relpath(os.path.join(place, file), folder)
        for place, _, names in os.walk(folder)
        for file in names
    }


def test_what_is_of_use_is_fetched_and_nothing_else(tmp_path):
    with serving() as (endpoint, asked):
        assert files(fetched("tiny/safe", tmp_path, endpoint)) == {
            *DESCRIPTION,
            "model.safetensors",
        }
        assert not any(path.endswith((".py", ".bin")) for path in asked)
    # What is in the cache needs no network, whether it is said to be there or not.
    offline = fetched("tiny/safe", tmp_path, endpoint, HF_HUB_OFFLINE="1")
    assert "model.safetensors" in files(offline)
    assert files(fetched("tiny/safe", tmp_path, endpoint)) == files(offline)


def test_pickled_weights_are_fetched_where_there_are_no_others(tmp_path):
    with serving() as (endpoint, _):
        got = files(fetched("tiny/pickled@main", tmp_path, endpoint))
    assert got == {*DESCRIPTION, "pytorch_model.bin"}


def last_line(done) -> str:
    assert done.returncode != 0
    return done.stderr.strip().splitlines()[-1]


def test_a_name_that_nobody_has_is_told(tmp_path):
    with serving() as (endpoint, _):
        said = last_line(fetched("tiny/absent", tmp_path, endpoint))
    assert said.startswith("OSError: tiny/absent cannot be fetched: ")
    assert "HF_TOKEN" in said


@pytest.mark.parametrize("offline", ["0", "1"])
def test_without_a_network_the_way_out_is_told(tmp_path, offline):
    # Nothing listens at the port of `discard`.
    done = fetched("tiny/safe", tmp_path, "http://127.0.0.1:9", HF_HUB_OFFLINE=offline)
    assert last_line(done) == (
        "OSError: tiny/safe is not in the cache and the hub cannot be reached; fetch it where "
        "there is a network (hf download), or give a folder"
    )


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("Salesforce/codegen-350M-mono", True),
        ("Qwen/Qwen2.5-Coder-0.5B@a1b2c3", True),
        ("walker", False),
        ("runs/mine/finetune", False),
        ("../models", False),
        ("./model", False),
        ("/models/codegen", False),
    ],
)
def test_names_of_the_hub_are_told_from_paths(name, is_one):
    assert is_hub_name(name) is is_one
