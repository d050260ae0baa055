"""What a model is asked for, and the child that its answer makes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from elmjax import diffs
from elmjax.diffs import Completion, DiffVerdict, Format, messages, unified
from elmjax.mutators.mutator import Child
from elmjax.programs import canonical


@dataclass(frozen=True)
class Request:
    """What a model is asked for: a child of some parents, recorded as one of the first."""

    parents: tuple[str, ...]
    message: str


class Writer(Protocol):
    """A model that answers requests."""

    def ask(self, rng: random.Random) -> str:
        """The message of the next request; empty where the format takes none."""
        ...

    def answer(self, requests: Sequence[Request], children: int, seed: int) -> list[Child]:
        """Children of every request, those of the first one first."""
        ...


def next_message(
    format: Format, message: str | None, weights: Sequence[float], rng: random.Random
) -> str:
    """The message of a request; empty where the format takes none.

    Args:
        format: How a model is asked.
        message: Asked for every time; None draws one.
        weights: How often each of `messages.MESSAGES` is drawn.
        rng: Draws it.
    """
    if not format.takes_message:
        return ""
    return messages.choose(rng, weights).text if message is None else message


def child_of(
    operator: str, format: Format, request: Request, completion: Completion, written: str
) -> Child:
    """What an answer makes of the parents.

    Args:
        operator: Name that the child carries.
        format: In which it was asked for.
        request: What was asked for.
        completion: The answer.
        written: All of it, for the history of an answer that gives no child.
    """
    child = format.child(completion, request.parents)
    if isinstance(child, DiffVerdict):
        return refused(operator, request, child, written)
    program = _canonical_if_parses(child)
    if program in request.parents:  # a comment, a blank line, other quotes
        return refused(operator, request, DiffVerdict.NO_CHANGE, written)
    parent = request.parents[0]
    return Child(
        operator=operator,
        message=request.message,
        diff=unified.render(diffs.between(parent, program), parent),
        program=program,
    )


def refused(operator: str, request: Request, verdict: DiffVerdict, written: str) -> Child:
    """A request that gave no child, and why."""
    return Child(
        operator=operator,
        message=request.message,
        diff=written,
        program=None,
        verdict=verdict,
    )


def _canonical_if_parses(program: str) -> str:
    try:
        return canonical(program)
    except (SyntaxError, ValueError):
        return program  # the jail will say what is wrong with it
