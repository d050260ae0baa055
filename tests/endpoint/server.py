"""A real HTTP server that speaks the OpenAI API and answers as a script says."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Say:
    """One response.

    Attributes:
        content: Text of the model, or, with `raw`, the body as it is.
        status: Of HTTP.
        finish: Why the model ended.
        usage: Tokens read and written; None: not told.
        headers: Further ones.
        delay: s before anything is sent.
        raw: Whether `content` is the whole body.
        drip: s between single bytes of the body.
        cut: Bytes after which the connection breaks.
    """

    content: Any = "hello"
    status: int = 200
    finish: str | None = "stop"
    usage: tuple[int, int] | None = (10, 5)
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    raw: bool = False
    drip: float = 0.0
    cut: int | None = None


Script = Callable[[int, dict[str, Any]], Say]  # number of the request from 0, and its body


class _Silent(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients that go away are part of the tests."""


class Server:
    """A server on a port of its own, with what it was asked; a context manager."""

    def __init__(self, script: Script) -> None:
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.moments: list[float] = []
        self.at_once = self.most_at_once = 0
        self.script = script
        self.lock = threading.Lock()
        self._server = _Silent(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "Server":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Stays silent."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                number = len(server.asked)
                server.asked.append(body)
                server.paths.append(self.path)
                server.headers.append(dict(self.headers))
                server.moments.append(time.monotonic())
                server.at_once += 1
                server.most_at_once = max(server.most_at_once, server.at_once)
            try:
                say = server.script(number, body)
                time.sleep(say.delay)
            finally:
                with server.lock:
                    server.at_once -= 1
            try:
                self._send(say, chat="messages" in body)
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def _send(self, say: Say, chat: bool) -> None:
            payload = say.content if say.raw else json.dumps(_content(say, chat))
            sent = payload.encode() if isinstance(payload, str) else payload
            self.send_response(say.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            for name, value in say.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if say.drip:
                for place in range(len(sent)):
                    self.wfile.write(sent[place : place + 1])
                    self.wfile.flush()
                    time.sleep(say.drip)
                return
            self.wfile.write(sent[: say.cut])
            if say.cut is not None:
                self.close_connection = True

    return Handler


def _content(say: Say, chat: bool) -> dict[str, Any]:
    if say.status >= 400:
        return {"error": {"message": say.content}}
    written = {"message": {"content": say.content}} if chat else {"text": say.content}
    content: dict[str, Any] = {"choices": [{**written, "finish_reason": say.finish}]}
    if say.usage is not None:
        content["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), say.usage, strict=True))
    return content
