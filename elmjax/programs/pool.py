"""Runs programs in jailed workers, many at a time, and brings back every one's outcome."""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from elmjax.programs.build import build
from elmjax.programs.execution import Execution
from elmjax.programs.jail import Jail, WorkerDied
from elmjax.programs.limits import Limits
from elmjax.programs.verdict import Verdict
from elmjax.programs.wire import Reply

# Enough that the cost of a message vanishes beside that of its programs.
_BATCH = 64


class ProgramPool:
    """Worker processes that live as long as the pool and share its programs between them.

    Use it as a context manager, or call `close`.
    """

    def __init__(self, *, workers: int = 2, limits: Limits | None = None) -> None:
        """Starts the workers and waits until each has proved its lock-down.

        Raises:
            ValueError: fewer than one worker.
            LockdownUnavailable: this machine cannot confine programs.
        """
        if workers < 1:
            raise ValueError(f"ProgramPool: got workers={workers}, want at least 1")
        self._limits = limits or Limits()
        self._cells = [_Cell(self._limits) for _ in range(workers)]
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="programs")
        self._lock = threading.Lock()
        self._closed = False
        try:
            for cell in self._cells:
                cell.await_ready()
        except BaseException:
            self.close()
            raise

    def run(self, programs: Sequence[str]) -> list[Execution]:
        """Runs every program and returns the outcomes in the same order.

        The outcome of a program depends on its text alone, not on the other programs, their order
        or the number of workers.
        """
        if self._closed:
            raise ValueError("ProgramPool.run: the pool is closed; open a new one")
        outcomes: list[Execution | None] = [None] * len(programs)
        runnable: list[tuple[int, bytes]] = []
        for index, program in enumerate(programs):
            source = _encode(program, self._limits)
            if isinstance(source, Execution):
                outcomes[index] = source
            else:
                runnable.append((index, source))
        size = max(1, min(_BATCH, -(-len(runnable) // len(self._cells))))
        batches = deque(runnable[at : at + size] for at in range(0, len(runnable), size))

        def work_off(cell: "_Cell") -> None:
            while True:
                try:
                    batch = batches.popleft()
                except IndexError:
                    return
                executions = build(cell.run([source for _, source in batch]))
                for (index, _), execution in zip(batch, executions, strict=True):
                    outcomes[index] = execution

        with self._lock:
            working = [self._threads.submit(work_off, cell) for cell in self._cells]
            try:
                for finished in working:
                    finished.result()
            finally:  # after an interrupt no thread may still hold a worker
                batches.clear()
                wait(working)
        return [outcome for outcome in outcomes if outcome is not None]

    def run_one(self, program: str) -> Execution:
        """Runs a single program."""
        return self.run([program])[0]

    def close(self) -> None:
        """Ends the workers."""
        self._closed = True
        for cell in self._cells:
            cell.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _encode(program: str, limits: Limits) -> bytes | Execution:
    """A program's UTF-8, or the outcome of a text that no worker need see."""
    try:
        source = program.encode()
    except UnicodeEncodeError as error:
        return Execution(verdict=Verdict.SYNTAX, reason=f"not valid Unicode: {error.reason}")
    if len(source) > limits.source_bytes:
        reason = f"{len(source)} bytes, at most {limits.source_bytes} are run"
        return Execution(verdict=Verdict.TOO_LONG, reason=reason)
    return source


class _Cell:
    """One place in the pool: a worker, and its successor whenever a program kills it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._jail = Jail(limits)
        self._closed = False

    def await_ready(self) -> None:
        self._jail.await_ready()

    def run(self, sources: Sequence[bytes]) -> list[Reply]:
        """The replies to all programs, whatever some of them do to the worker.

        A worker that dies has not always said which program killed it. Those it left unanswered are
        then suspects and run again one by one, each alone in its worker's hands, until one kills
        again: that one is to blame.
        """
        replies: list[Reply] = []
        suspects = 0
        while len(replies) < len(sources):
            waiting = sources[len(replies) :]
            batch = waiting[:1] if suspects else waiting
            answered = len(replies)
            try:
                # One by one, because the replies before the death of the worker count.
                for reply in self._jail.run(batch):
                    replies.append(reply)
                suspects -= bool(suspects)
            except WorkerDied as death:
                if self._closed:
                    raise
                self._replace()
                if death.answered_for:
                    suspects -= bool(suspects)
                    continue
                if suspects:
                    replies.append(Reply(verdict=death.verdict, reason=death.reason))
                    suspects = 0
                else:
                    suspects = len(batch) - (len(replies) - answered)
        return replies

    def close(self) -> None:
        self._closed = True
        self._jail.kill()

    def _replace(self) -> None:
        self._jail = Jail(self._limits)
        self._jail.await_ready()
