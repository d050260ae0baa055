"""Runs programs in jailed workers, many at a time, and brings back every one's outcome."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self, TypeVar

from elmjax.programs.build import build
from elmjax.programs.execution import Execution
from elmjax.programs.jail import Jail, WorkerDied
from elmjax.programs.limits import Limits
from elmjax.programs.nursery import Nursery
from elmjax.programs.verdict import DEPENDS_ON_MACHINE, Verdict
from elmjax.programs.wire import Reply

# Enough that the cost of a message vanishes beside that of its programs.
_BATCH = 64

_Task = TypeVar("_Task")


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
        self._nursery = Nursery(self._limits)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="programs")
        self._lock = threading.Lock()
        self._closed = False
        self._cells: list[_Cell] = []
        try:
            # All are forked before the first is waited for: they lock themselves down together.
            self._cells += [_Cell(self._limits, self._nursery) for _ in range(workers)]
            for cell in self._cells:
                cell.await_ready()
        except BaseException:
            self.close()
            raise

    def run(self, programs: Sequence[str]) -> list[Execution]:
        """Runs every program and returns the outcomes in the same order.

        The outcome of a program depends on its text alone, not on the other programs, their order
        or the number of workers. One that ran out of time or memory, or killed its worker, is
        judged once more, alone in a fresh worker, and that judgement counts.
        """
        outcomes, sources = self._read(programs)
        waiting = list(sources)
        size = max(1, min(_BATCH, -(-len(waiting) // len(self._cells))))
        batches = [waiting[at : at + size] for at in range(0, len(waiting), size)]

        def run_batch(cell: "_Cell", batch: list[int]) -> None:
            replies = cell.run([sources[index] for index in batch])
            executions = build(replies, self._limits.dim)
            outcomes.update(zip(batch, executions, strict=True))

        with self._lock:
            self._work_off(batches, run_batch)
            self._judge_again(outcomes, sources)
        return [outcomes[index] for index in range(len(programs))]

    def run_fresh(self, programs: Sequence[str]) -> list[Execution]:
        """As `run`, with each program in a worker that never saw another program."""
        outcomes, sources = self._read(programs)
        with self._lock:
            self._run_alone(list(sources), outcomes, sources)
            self._judge_again(outcomes, sources)
        return [outcomes[index] for index in range(len(programs))]

    def run_one(self, program: str) -> Execution:
        """Runs a single program."""
        return self.run([program])[0]

    def close(self) -> None:
        """Ends the workers."""
        self._closed = True
        for cell in self._cells:
            cell.close()
        self._nursery.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _read(self, programs: Sequence[str]) -> tuple[dict[int, Execution], dict[int, bytes]]:
        """The outcomes of texts that no worker need see, and the sources of the others."""
        if self._closed:
            raise ValueError("ProgramPool.run: the pool is closed; open a new one")
        outcomes: dict[int, Execution] = {}
        sources: dict[int, bytes] = {}
        for index, program in enumerate(programs):
            source = read_source(program, self._limits)
            if isinstance(source, Execution):
                outcomes[index] = source
            else:
                sources[index] = source
        return outcomes, sources

    def _judge_again(self, outcomes: dict[int, Execution], sources: Mapping[int, bytes]) -> None:
        """Runs programs once more whose outcomes a busy machine may have decided."""
        doubtful = [i for i in sources if outcomes[i].verdict in DEPENDS_ON_MACHINE]
        self._run_alone(doubtful, outcomes, sources)

    def _run_alone(
        self,
        indices: Sequence[int],
        outcomes: dict[int, Execution],
        sources: Mapping[int, bytes],
    ) -> None:
        def run_alone(cell: "_Cell", index: int) -> None:
            (outcomes[index],) = build([cell.run_alone(sources[index])], self._limits.dim)

        self._work_off(indices, run_alone)

    def _work_off(self, tasks: Sequence[_Task], work: Callable[["_Cell", _Task], None]) -> None:
        """Shares tasks between the cells, each of which takes the next when it is free."""
        waiting = deque(tasks)

        def work_in(cell: "_Cell") -> None:
            while True:
                try:
                    task = waiting.popleft()
                except IndexError:
                    return
                work(cell, task)

        working = [self._threads.submit(work_in, cell) for cell in self._cells[: len(tasks)]]
        try:
            for finished in working:
                finished.result()
        finally:  # after an interrupt no thread may still hold a worker
            waiting.clear()
            wait(working)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def read_source(program: str, limits: Limits) -> bytes | Execution:
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
    """One place in the pool: a worker, and its successor whenever a program spoils it."""

    def __init__(self, limits: Limits, nursery: Nursery) -> None:
        self._limits = limits
        self._nursery = nursery
        self._jail = Jail(limits, nursery=nursery)
        self._spoiled = False
        self._closed = False

    def await_ready(self) -> None:
        self._jail.await_ready()

    def run(self, sources: Sequence[bytes]) -> list[Reply]:
        """The replies to all programs, whatever some of them do to the worker."""
        replies: dict[int, Reply] = {}
        waiting = list(range(len(sources)))
        while waiting:
            answered = 0
            try:
                for reply in self._worker().run([sources[index] for index in waiting]):
                    replies[waiting[answered]] = reply
                    answered += 1
                waiting = []
            except WorkerDied as death:
                self._mourn(death)
                if death.verdict is Verdict.PROTOCOL:
                    # One of these programs was in command of the worker: nothing it said counts.
                    return [self.run_alone(source) for source in sources]
                if death.culprit is not None:
                    blamed = waiting.pop(death.culprit)
                    replies[blamed] = Reply(verdict=death.verdict, reason=death.reason)
                waiting = waiting[answered:]
        # An interrupted program may have left anything half done, and one without memory has
        # torn up the heap: neither is to be the next program's trouble.
        self._spoiled |= any(reply.verdict in DEPENDS_ON_MACHINE for reply in replies.values())
        return [replies[index] for index in range(len(sources))]

    def run_alone(self, source: bytes) -> Reply:
        """The reply to one program of a worker that never saw another, nor will."""
        self._spoiled = True
        try:
            (reply,) = self._worker().run([source])
        except WorkerDied as death:
            self._mourn(death)
            reply = Reply(verdict=death.verdict, reason=death.reason)
        self._spoiled = True
        return reply

    def close(self) -> None:
        self._closed = True
        self._jail.kill()

    def _mourn(self, death: WorkerDied) -> None:
        if self._closed:
            raise death
        self._spoiled = True

    def _worker(self) -> Jail:
        """The worker, a new one where the last is spoiled."""
        if self._spoiled:
            self._jail.kill()
            self._jail = Jail(self._limits, nursery=self._nursery)
            self._jail.await_ready()
            self._spoiled = False
        return self._jail
