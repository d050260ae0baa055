"""One request over HTTP: an answer, or why there is none."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from elmjax.endpoint.config import EndpointConfig
from elmjax.endpoint.failure import Failure, of_status
from elmjax.endpoint.question import Answer, Question, read_answer
from elmjax.endpoint.waiting import asked_wait

MOST_BYTES = 8 * 2**20  # of a response; an answer has a few thousand
_DETAIL = 200  # characters of what a server says


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a request was not answered, in words, and how long the server asks to wait."""

    failure: Failure
    detail: str
    wait: float | None = None  # s


class Http:
    """Sends requests to one endpoint, from as many threads as it has connections."""

    def __init__(self, config: EndpointConfig) -> None:
        """Reads the key; connects to nothing yet.

        Raises:
            ValueError: the HTTP client is not installed, or the key cannot be sent.
        """
        self._httpx = _client_library()
        self._config = config
        self._key = os.environ.get(config.key_variable, "").strip()
        if not re.fullmatch(r"[!-~]*", self._key):
            raise ValueError(
                f"{config.key_variable}: got a key with spaces or signs that no header can hold"
            )
        self._client = self._httpx.Client(
            timeout=config.timeout,
            limits=self._httpx.Limits(max_connections=config.concurrency),
            follow_redirects=False,  # the key would go along
        )

    def ask(self, question: Question) -> Answer | Refusal:
        """Sends one request and waits for its answer."""
        httpx, config = self._httpx, self._config
        body = question.body() | config.fields
        body = {name: value for name, value in body.items() if name not in config.omit}
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            with self._client.stream(
                "POST", f"{config.url}/{question.path}", json=body, headers=headers
            ) as response:
                payload = self._read(response.iter_bytes())
                if isinstance(payload, Refusal):
                    return payload
                return self._judge(question, response, payload)
        except httpx.TimeoutException:
            return self._late()
        except httpx.DecodingError as error:
            return self._refusal(Failure.UNREADABLE, str(error))
        # A client that is closed meanwhile says so by a RuntimeError.
        except (httpx.HTTPError, httpx.StreamError, RuntimeError) as error:
            return self._refusal(Failure.UNREACHABLE, str(error) or type(error).__name__)

    def close(self) -> None:
        """Gives up the connections, and what is under way on them."""
        self._client.close()

    def _read(self, parts: Iterator[bytes]) -> bytes | Refusal:
        """A whole body, unless it takes too long or is too much."""
        deadline, read = time.monotonic() + self._config.timeout, bytearray()
        for part in parts:
            read += part
            if len(read) > MOST_BYTES:
                return self._refusal(Failure.UNREADABLE, f"more than {MOST_BYTES} bytes")
            # The client's own limit is for each part, and begins anew with the next.
            if time.monotonic() > deadline:
                return self._late()
        return bytes(read)

    def _judge(self, question: Question, response: Any, payload: bytes) -> Answer | Refusal:
        failure = of_status(response.status_code)
        if failure is None:
            answer = read_answer(payload, question)
            return answer or self._refusal(Failure.UNREADABLE, _words(payload))
        wait = asked_wait(response.headers.get("retry-after"), datetime.now(UTC))
        return self._refusal(failure, f"{response.status_code}: {_words(payload)}", wait)

    def _late(self) -> Refusal:
        return self._refusal(Failure.TIMEOUT, f"no answer within {self._config.timeout:g} s")

    def _refusal(self, failure: Failure, detail: str, wait: float | None = None) -> Refusal:
        """A refusal in one short line, without the key, which servers like to repeat."""
        if self._key:
            detail = detail.replace(self._key, "(key)")
        detail = "".join(sign if sign.isprintable() else " " for sign in detail)
        return Refusal(failure=failure, detail=" ".join(detail.split())[:_DETAIL], wait=wait)


def _words(payload: bytes) -> str:
    """What a server says, long enough for its key to be found whole."""
    return payload[: 16 * _DETAIL].decode("utf-8", "replace")


def _client_library() -> ModuleType:
    """The HTTP client, which comes with Hugging Face's libraries.

    Raises:
        ValueError: it is not installed.
    """
    try:
        import httpx2
    except ImportError:
        raise ValueError(
            "the HTTP client is not installed; pip install 'elmjax[endpoint]'"
        ) from None
    return httpx2
