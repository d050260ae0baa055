"""What can be configured of an endpoint. Imports nothing heavy."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

_Count = Annotated[int, Field(ge=1)]
_Natural = Annotated[int, Field(ge=0)]
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _address(url: str) -> str:
    """Refuses what is no address, and secrets in it, which would be written into the run folder."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError(f"got {url!r}, wanted an address such as 'http://localhost:8000/v1'")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "got an address with a user, a query or a fragment; wanted none, and a key in the "
            "environment (evolve.endpoint.key_variable)"
        )
    return url.rstrip("/")


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        # Never the value itself: it may be the key.
        raise ValueError("got something else, wanted the name of an environment variable")
    return name


@dataclass(frozen=True, kw_only=True)
class EndpointConfig:
    """An OpenAI-compatible endpoint, and how it is asked.

    Of the second part none decides what is asked: a run goes on with other values of these.
    """

    model: str = ""  # as the endpoint calls it
    api: Literal["chat", "completions"] = "chat"  # of base models: completions
    max_tokens: _Count = 1024  # of an answer
    # Further fields of every request, such as {reasoning_effort = "low"}, and fields left out,
    # such as ["top_p", "seed"], where the endpoint refuses them.
    fields: dict[str, Any] = field(default_factory=dict)
    omit: tuple[str, ...] = ()

    url: Annotated[str, AfterValidator(_address)] = ""  # up to and with /v1
    # Environment variable that holds the key; it need not be set where the endpoint wants none.
    key_variable: Annotated[str, AfterValidator(_variable)] = "ELMJAX_ENDPOINT_KEY"
    concurrency: _Count = 8  # requests at a time
    timeout: _Seconds = 120.0  # s for a whole answer
    retries: _Natural = 5  # of a request, after the first
    first_wait: _Seconds = 1.0  # s before the first retry, about; doubled for each one after it
    # s between retries, at most; an endpoint that asks for more has failed.
    longest_wait: _Seconds = 60.0
    failures: _Count = 8  # in a row, each after its retries, that stop the run
    budget: _Natural = 0  # tokens of a run, read and written; 0: no limit


MAY_CHANGE = (
    *("url", "key_variable", "concurrency", "timeout", "retries", "first_wait", "longest_wait"),
    *("failures", "budget"),
)
