"""One jailed worker process, seen from outside: started, asked, and buried."""

import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence

from elmjax.programs import wire
from elmjax.programs.limits import Limits
from elmjax.programs.nursery import Nursery, NurseryError
from elmjax.programs.verdict import Verdict
from elmjax.programs.wire import EXIT_SWALLOWED, MalformedReplyError, Replies, Reply

_START_SECONDS = 30.0
_DEATH_SECONDS = 1.0  # between the end of a worker's pipe and the end of its process, at most
_READ_BYTES = 1 << 18


class LockdownUnavailable(RuntimeError):  # noqa: N818 - a state of the machine
    """This machine cannot confine a program, so none is run."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Programs run only inside a jail, and this machine cannot build one: {reason}. "
            "Wanted: Linux on x86_64 or aarch64 with seccomp filters (CONFIG_SECCOMP_FILTER), as "
            "any common distribution or container has; elsewhere install the second engine, "
            "pip install 'elmjax[monty]', or run elmjax in a Linux container or virtual machine."
        )
        self.reason = reason


class WorkerDied(RuntimeError):  # noqa: N818 - an event, not a mistake
    """A worker ended before it had answered its whole batch."""

    def __init__(self, verdict: Verdict, reason: str, *, culprit: int | None) -> None:
        """Says what the program that ended the worker deserves.

        Args:
            verdict: For that program.
            reason: For that program.
            culprit: Its index in the batch; None where the worker answered for it before it ended.
        """
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
        self.culprit = culprit


class Jail:
    """A worker process that has proved its lock-down. Used by one thread at a time."""

    def __init__(
        self,
        limits: Limits,
        *,
        nursery: Nursery | None = None,
        unrestricted: bool = False,
        interpreter: str | None = None,
    ) -> None:
        """Starts the process, without waiting until it is ready.

        Args:
            limits: What its programs may use.
            nursery: Where it comes from, made for the same limits; one of its own where None.
            unrestricted: See `Nursery`; only without one.
            interpreter: See `Nursery`; only without one.

        Raises:
            LockdownUnavailable: this is not Linux, or Python does not start.
        """
        if sys.platform != "linux":
            raise LockdownUnavailable(f"it runs {sys.platform}")
        self._limits = limits
        self._own_nursery = None
        if nursery is None:
            nursery = Nursery(limits, unrestricted=unrestricted, interpreter=interpreter)
            self._own_nursery = nursery
        self._nursery = nursery
        try:
            self._worker = nursery.spawn()
        except (NurseryError, OSError) as error:
            if self._own_nursery is not None:
                self._own_nursery.close()
            raise LockdownUnavailable(f"no worker starts ({error})") from None
        self._alive, self._silent = True, False
        os.set_blocking(self._worker.requests, False)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(self._worker.replies, select.POLLIN)
        self._writable.register(self._worker.requests, select.POLLOUT)

    def await_ready(self) -> None:
        """Waits until the worker has locked itself down and tried the lock.

        Raises:
            LockdownUnavailable: it could not.
        """
        deadline = time.monotonic() + _START_SECONDS
        try:
            header = self._read_exactly(wire.GREETING.size, deadline)
            ready, length = wire.GREETING.unpack(header)
            reason = self._read_exactly(length, deadline).decode(errors="replace")
        except EOFError:
            ready, reason = False, "the worker ended before it was ready"
        if not ready:
            self.kill()
            raise LockdownUnavailable(reason)

    def run(self, sources: Sequence[bytes]) -> Iterator[Reply]:
        """Yields the replies to a batch of UTF-8 programs, in order, as they come.

        Raises:
            WorkerDied: before the batch was answered; this object is of no more use then.
        """
        replies = Replies(self._limits.dim)
        answered = 0
        if not self._send(wire.pack_request(sources)):
            raise self._bury(answered, len(sources))
        deadline = self._deadline()
        while answered < len(sources):
            received = self._receive(_READ_BYTES, deadline)
            if not received:
                raise self._bury(answered, len(sources))
            try:
                for reply in replies.feed(received):
                    answered += 1
                    deadline = self._deadline()  # by whole replies: bytes that drip do not count
                    yield reply
                if answered == len(sources) and replies.leftover:
                    raise MalformedReplyError("more replies than programs")
            except MalformedReplyError as error:
                self.kill()
                reason = f"malformed reply: {error}"
                raise WorkerDied(Verdict.PROTOCOL, reason, culprit=answered) from None

    def kill(self) -> None:
        """Ends the process, whatever it is doing."""
        self._end(0.0)

    def _end(self, patience: float) -> int | None:
        """Ends the process after `patience` (s) and returns its status; None if it is unknown."""
        if not self._alive:
            return None
        self._alive = False
        status = self._nursery.end(self._worker, patience)
        for descriptor in (self._worker.requests, self._worker.replies, self._worker.place):
            os.close(descriptor)
        if self._own_nursery is not None:
            self._own_nursery.close()
        return status

    def _deadline(self) -> float:
        return time.monotonic() + self._limits.silent_seconds

    def _send(self, message: bytes) -> bool:
        """Sends all of a message; False where the worker does not take it."""
        view, deadline = memoryview(message), self._deadline()
        while view:
            try:
                view = view[os.write(self._worker.requests, view) :]
            except BlockingIOError:
                if not self._writable.poll(_milliseconds_until(deadline)):
                    self._silent = True
                    return False
            except BrokenPipeError:
                return False
        return True

    def _receive(self, size: int, deadline: float) -> bytes:
        """At most `size` bytes; none at the end of the pipe or of the worker's time."""
        if not self._readable.poll(_milliseconds_until(deadline)):
            self._silent = True
            return b""
        return os.read(self._worker.replies, size)

    def _read_exactly(self, size: int, deadline: float) -> bytes:
        received = b""
        while len(received) < size:
            part = self._receive(size - len(received), deadline)
            if not part:
                raise EOFError
            received += part
        return received

    def _bury(self, answered: int, programs: int) -> WorkerDied:
        """Reads the cause of death from the exit status, and the culprit from the shared page."""
        (place,) = wire.PLACE.unpack(os.pread(self._worker.place, wire.PLACE.size, 0))
        status = self._end(0.0 if self._silent else _DEATH_SECONDS)
        if status == EXIT_SWALLOWED and place < answered:
            return WorkerDied(Verdict.SOFT_TIMEOUT, "", culprit=None)
        # The page is the worker's to write. Whatever it holds, one program of the batch that has
        # no reply is blamed, so that a batch always comes to an end.
        culprit = place if answered <= place < programs else answered
        seconds = self._limits.uninterruptible_seconds
        if status == -signal.SIGVTALRM:
            reason = f"took longer than {seconds:g} s in one call"
            return WorkerDied(Verdict.HARD_TIMEOUT, reason, culprit=culprit)
        if self._silent:
            reason = f"the worker did not answer for {self._limits.silent_seconds:g} s"
        elif status is not None and status < 0:
            reason = f"the worker died: {_signal_name(-status)}"
        else:
            reason = f"the worker ended with status {status}"
        return WorkerDied(Verdict.WORKER_DIED, reason, culprit=culprit)


def _milliseconds_until(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic()) * 1000.0


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have numbers and no names
        return f"signal {number}"
