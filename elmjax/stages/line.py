"""The assembly line of stage 1: children are made and run while those before them are judged.

One thread makes children, iteration by iteration, and a second one runs their programs, so that the
device samples while the jail works and the caller lets bodies walk. Everything an iteration depends
on is in its `Draw`; the threads decide nothing.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from elmjax.mutators import Child
from elmjax.programs import Execution

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Who is to have children in one iteration, and by which operator."""

    iteration: int
    parents: list[int]  # ids
    operators: list[str]  # of each parent


@dataclass(frozen=True, kw_only=True)
class Brood:
    """The children of one draw, those of its first parent first; their programs have run."""

    draw: Draw
    children: list[Child]
    executions: list[Execution]  # of the children that are programs, in order
    mutation_seconds: float  # in which they were made
    program_seconds: float  # in which their programs ran


class Line:
    """Makes broods ahead of their use, in the order of their draws; a context manager."""

    def __init__(
        self,
        make: Callable[[Draw], list[Child]],
        execute: Callable[[Sequence[str]], list[Execution]],
    ) -> None:
        """Starts nothing yet.

        Args:
            make: The children of a draw.
            execute: Runs their programs.
        """
        self._make = make
        self._execute = execute
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="mutation")
        self._runner = ThreadPoolExecutor(1, thread_name_prefix="execution")
        self._waiting: deque[tuple[Draw, Future[Brood]]] = deque()

    @property
    def drawn(self) -> list[Draw]:
        """The draws whose broods have not been taken, in order."""
        return [draw for draw, _ in self._waiting]

    def start(self, draw: Draw) -> None:
        """Begins a brood; its programs run once those of the brood before have run."""
        made = self._maker.submit(_timed, self._make, draw)
        self._waiting.append((draw, self._runner.submit(self._finish, draw, made)))

    def settle(self) -> None:
        """Waits until the children of all broods that were begun are made."""
        self._maker.submit(lambda: None).result()

    def take(self) -> Brood:
        """Waits for the next brood.

        Raises:
            IndexError: Nothing has been started.
        """
        return self._waiting.popleft()[1].result()

    def _finish(self, draw: Draw, made: Future[tuple[list[Child], float]]) -> Brood:
        children, mutation_seconds = made.result()
        programs = [child.program for child in children if child.program is not None]
        executions, program_seconds = _timed(self._execute, programs)
        return Brood(
            draw=draw,
            children=children,
            executions=executions,
            mutation_seconds=mutation_seconds,
            program_seconds=program_seconds,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for threads in (self._maker, self._runner):
            threads.shutdown(wait=True, cancel_futures=True)


def _timed(work: Callable[[_Given], _Made], given: _Given) -> tuple[_Made, float]:
    """What work makes, and how long it takes, s."""
    began = time.monotonic()
    return work(given), time.monotonic() - began
