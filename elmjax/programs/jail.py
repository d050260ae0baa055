"""One jailed worker process, seen from outside: started, asked, and buried."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from elmjax.programs import wire
from elmjax.programs.limits import Limits
from elmjax.programs.verdict import Verdict
from elmjax.programs.wire import EXIT_SWALLOWED, MalformedReplyError, Replies, Reply

_PACKAGE_ROOT = Path(__file__).parents[2]
_START = "import sys; sys.path.append(sys.argv[1]); from elmjax.programs.worker import main; "
_START += "main(sys.argv[2:])"

# Ignores every environment variable but the one given, writes no bytecode, skips site-packages.
# `-I` would say most of this in one letter but would also ignore PYTHONHASHSEED, on which the order
# of a program's sets depends.
_INTERPRETER_OPTIONS = ("-s", "-S", "-P", "-B", "-W", "ignore")
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}

_START_SECONDS = 30.0
# The kernel ends a worker that computes too long; this is for one that neither computes nor
# answers, and generous because the machine may be busy.
_SILENCE_SECONDS = 30.0
_READ_BYTES = 1 << 18


class LockdownUnavailable(RuntimeError):  # noqa: N818 - a state of the machine
    """This machine cannot confine a program, so none is run."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Programs run only inside a jail, and this machine cannot build one: {reason}. "
            "Wanted: Linux on x86_64 or aarch64 with seccomp filters (CONFIG_SECCOMP_FILTER), as "
            "any common distribution or container has; on macOS or Windows, run elmjax in a Linux "
            "container or virtual machine."
        )


class WorkerDied(RuntimeError):  # noqa: N818 - an event, not a mistake
    """A worker ended before it had answered its whole batch."""

    def __init__(self, verdict: Verdict, reason: str, *, answered_for: bool = False) -> None:
        """Says what the program that ended the worker deserves.

        Args:
            verdict: For that program.
            reason: For that program.
            answered_for: Whether the worker had sent its reply about that program before it ended.
                Otherwise it is one of those without a reply.
        """
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
        self.answered_for = answered_for


class Jail:
    """A worker process that has proved its lock-down. Used by one thread at a time."""

    def __init__(self, limits: Limits, *, unrestricted: bool = False) -> None:
        """Starts the process, without waiting for it.

        Args:
            limits: What its programs may use.
            unrestricted: Leaves out the walker language and runs bare Python inside the lock-down;
                for tests of the lock-down.

        Raises:
            LockdownUnavailable: this is not Linux.
        """
        if sys.platform != "linux":
            raise LockdownUnavailable(f"it runs {sys.platform}")
        self._limits = limits
        words = [*(["--unrestricted"] if unrestricted else []), *limits.to_arguments()]
        self._process = subprocess.Popen(
            [sys.executable, *_INTERPRETER_OPTIONS, "-c", _START, str(_PACKAGE_ROOT), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            bufsize=0,
            start_new_session=True,  # an interrupt from the terminal is the pool's to handle
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin.fileno()
        self._replies = self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._replies, select.POLLIN)

    def await_ready(self) -> None:
        """Waits until the worker has locked itself down and tried the lock.

        Raises:
            LockdownUnavailable: it could not.
        """
        try:
            header = self._read_exactly(wire.GREETING.size)
            ready, length = wire.GREETING.unpack(header)
            reason = self._read_exactly(length).decode(errors="replace")
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
        try:
            self._send(wire.pack_request(sources))
        except BrokenPipeError:
            raise self._bury() from None
        replies = Replies()
        answered = 0
        while answered < len(sources):
            received = self._receive(_READ_BYTES, _SILENCE_SECONDS)
            if not received:
                raise self._bury()
            try:
                for reply in replies.feed(received):
                    answered += 1
                    yield reply
                if answered == len(sources) and replies.leftover:
                    raise MalformedReplyError("more replies than programs")
            except MalformedReplyError as error:
                self.kill()
                raise WorkerDied(Verdict.PROTOCOL, f"malformed reply: {error}") from None

    def kill(self) -> None:
        """Ends the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, message: bytes) -> None:
        view = memoryview(message)
        while view:
            view = view[os.write(self._requests, view) :]

    def _receive(self, size: int, seconds: float) -> bytes:
        """At most `size` bytes; none at the end of the pipe or of the worker's patience."""
        if not self._poll.poll(seconds * 1000.0):
            self._process.kill()
            return b""
        return os.read(self._replies, size)

    def _read_exactly(self, size: int) -> bytes:
        received = b""
        deadline = time.monotonic() + _START_SECONDS
        while len(received) < size:
            part = self._receive(size - len(received), max(0.0, deadline - time.monotonic()))
            if not part:
                raise EOFError
            received += part
        return received

    def _bury(self) -> WorkerDied:
        """Reads the cause of death from the exit status."""
        # The pipe may end a moment before the process does.
        try:
            status = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            status = None
        self.kill()
        seconds = self._limits.uninterruptible_seconds
        if status == EXIT_SWALLOWED:
            return WorkerDied(Verdict.SOFT_TIMEOUT, "", answered_for=True)
        if status == -signal.SIGVTALRM:
            return WorkerDied(Verdict.HARD_TIMEOUT, f"took longer than {seconds:g} s in one call")
        if status is not None and status < 0:
            return WorkerDied(Verdict.WORKER_DIED, f"the worker died: {_signal_name(-status)}")
        return WorkerDied(Verdict.WORKER_DIED, f"the worker ended with status {status}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have numbers and no names
        return f"signal {number}"
