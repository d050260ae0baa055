"""The configured endpoint: checked early, opened for a search, asked by its operators."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from elmjax import diffs
from elmjax.config import ConfigError, Evolve
from elmjax.dist import hosts
from elmjax.endpoint import Endpoint, EndpointConfig, spending
from elmjax.mutators import Child, EndpointMutator

MODEL = "endpoint"  # what `evolve.model` says then
REPLIES = "replies.jsonl"  # in the folder of a run

_TEXT_FORMATS = {
    format.name: format
    for format in (diffs.CARPER, diffs.SEARCH_REPLACE, diffs.REWRITE, diffs.CROSSOVER)
}


def is_asked(config: Evolve) -> bool:
    """Whether the operators ask an endpoint."""
    return config.model == MODEL


def check_endpoint(config: Evolve, operators: Iterable[str]) -> None:
    """Fails early on an endpoint that cannot be asked.

    Args:
        config: Of stage 1.
        operators: That will ask it.

    Raises:
        ConfigError: naming the setting.
    """
    endpoint = config.endpoint
    if not is_asked(config):
        if endpoint.url:
            raise ConfigError(
                f"evolve.endpoint.url: got {endpoint.url!r} with evolve.model {config.model!r}; "
                f"wanted evolve.model {MODEL!r}, or no address"
            )
        return
    if hosts.count() > 1:
        raise ConfigError(
            f"evolve.model {MODEL!r}: got {hosts.count()} hosts, wanted one: each would ask, "
            "and pay, for itself"
        )
    for name in ("url", "model"):
        if not getattr(endpoint, name):
            raise ConfigError(
                f"evolve.endpoint.{name}: got none, wanted one for evolve.model {MODEL!r}"
            )
    variable = endpoint.key_variable
    if variable != EndpointConfig().key_variable and not os.environ.get(variable):
        raise ConfigError(
            f"evolve.endpoint.key_variable: got {variable!r}, which the environment does not hold"
        )
    if config.format == "numbered" and "diff" in operators:
        raise ConfigError(
            "evolve.format: got 'numbered' with an endpoint, which does not know it; wanted "
            "'carper' or 'search_replace'"
        )


@contextmanager
def open_endpoint(
    config: Evolve, operators: Iterable[str], folder: Path | None = None
) -> Iterator[Endpoint | None]:
    """The configured endpoint, or None where a model of this machine writes.

    Args:
        config: Of stage 1.
        operators: That will ask it; where none of them asks a model it is not opened.
        folder: Of the run, in which replies are kept; None: nowhere.

    Raises:
        ConfigError: it cannot be asked.
    """
    asking = [name for name in operators if name not in ("tree", *config.own)]
    if asking:
        check_endpoint(config, asking)
    if not asking or not is_asked(config):
        yield None
        return
    try:
        endpoint = Endpoint(config.endpoint, folder and folder / REPLIES)
    except ValueError as error:
        raise ConfigError(f"evolve.endpoint: {error}") from None
    try:
        yield endpoint
    finally:
        endpoint.close()


def endpoint_mutator(
    config: Evolve, operator: str, endpoint: Endpoint, message: str | None = None
) -> EndpointMutator:
    """An operator that asks an endpoint; arguments as of `operators.make_mutator`."""
    formats = diffs.CHAT_FORMATS if endpoint.config.api == "chat" else _TEXT_FORMATS
    return EndpointMutator(
        operator=operator,
        format=formats[config.format if operator == "diff" else operator],
        endpoint=endpoint,
        temperature=config.temperature,
        top_p=config.top_p,
        message=message,
        message_weights=config.message_weights,
    )


def spent(children: Iterable[Child]) -> dict[str, float]:
    """What an endpoint took for some children, for the metrics; nothing where none was asked."""
    return spending(child.spending for child in children if child.spending is not None)


def spent_in_all(log: pd.DataFrame) -> dict[str, dict[str, int]]:
    """The same of all iterations, for the summary.

    Args:
        log: A row for each iteration.
    """
    asked = [name for name in map(str, log) if name.startswith(f"{MODEL}.")]
    totals = {name.removeprefix(f"{MODEL}."): int(log[name].sum()) for name in asked}
    return {MODEL: totals} if totals else {}
