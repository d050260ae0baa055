"""The process inside the jail: locks itself down, then runs batches of programs until told to stop.

Forked by `zygote`. It reads requests from descriptor 0 and writes replies to descriptor 1 (`wire`),
imports nothing but the standard library, and nothing at all once locked. In a page that it shares
with the pool, its place, it keeps the index of the running program: the pool reads there whom to
blame when the worker dies.
"""

import gc
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from elmjax.programs import lockdown, wire
from elmjax.programs.interpreter import standard_class
from elmjax.programs.limits import INTEGER_DIGITS, RECURSION_LIMIT, Limits
from elmjax.programs.verdict import Verdict
from elmjax.programs.wire import Reply

REQUESTS, REPLIES = 0, 1
Run = Callable[[str], Reply]

_FLUSH_SECONDS = 0.02  # what is lost of a batch, at most, when the worker is killed
_INTERRUPTIONS = 10  # after which a program is given up


class TimeUpError(BaseException):
    """Interrupts the running program. Not an Exception, so that few programs catch it."""


class Worker:
    """Runs programs one after another, each within its limits."""

    def __init__(self, limits: Limits, run: Run, place: memoryview) -> None:
        self._limits = limits
        self._run = run
        self._place = place  # [1] u32
        self._unsent = bytearray()
        self._flushed = time.perf_counter()
        self._index = 0
        self._running = False
        self._interruptions = 0
        signal.signal(signal.SIGPROF, self._interrupt)
        # The default action of this one ends the process, even in the middle of a call into C.
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)

    def serve(self) -> None:
        """Answers requests until the pool closes the pipe."""
        while (sources := _read_request()) is not None:
            for self._index, source in enumerate(sources):
                self._place[0] = self._index
                self._unsent += self._packed(self.judge(source))
                if time.perf_counter() - self._flushed > _FLUSH_SECONDS:
                    self._flush()
            self._place[0] = wire.NO_PROGRAM
            self._flush()
            gc.collect()

    def judge(self, source: bytes) -> Reply:
        """Runs one program and never raises, whatever the program does."""
        self._interruptions = 0
        self._start_clock()
        try:
            reply = self._run_guarded(source)
        except TimeUpError:  # interrupted once more while the first interruption was on its way out
            reply = self._timeout()
        finally:
            self._running = False
            self._stop_clock()
        # A program may swallow the interruption and return something after all.
        return self._timeout() if self._interruptions else reply

    def _run_guarded(self, source: bytes) -> Reply:
        try:
            self._running = True
            reply = self._run(source.decode())
            # What refers to itself is still there. Its memory is this program's to pay for, and
            # must be free for the next.
            gc.collect(0)
        except TimeUpError:
            reply = self._timeout()
        except MemoryError:
            reply = Reply(verdict=Verdict.MEMORY, reason="ran out of memory")
        except BaseException as error:
            kind = standard_class(error)
            reply = Reply(verdict=Verdict.RUNTIME, reason=kind, error=kind)
        self._running = False
        return reply

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._running:
            return
        self._interruptions += 1
        if self._interruptions > _INTERRUPTIONS:
            self._unsent += self._packed(self._timeout())
            self._flush()
            os._exit(wire.EXIT_SWALLOWED)
        raise TimeUpError

    def _timeout(self) -> Reply:
        reason = f"took longer than {self._limits.seconds:g} s"
        return Reply(verdict=Verdict.SOFT_TIMEOUT, reason=reason)

    def _packed(self, reply: Reply) -> bytes:
        return wire.pack_reply(self._index, reply, self._limits.dim)

    def _start_clock(self) -> None:
        seconds, at_most = self._limits.seconds, self._limits.uninterruptible_seconds
        repeat = (at_most - seconds) / (2 * _INTERRUPTIONS)
        signal.setitimer(signal.ITIMER_PROF, seconds, repeat)
        signal.setitimer(signal.ITIMER_VIRTUAL, at_most)

    def _stop_clock(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)

    def _flush(self) -> None:
        view = memoryview(self._unsent)
        while view:
            view = view[os.write(REPLIES, view) :]
        self._unsent = bytearray()
        self._flushed = time.perf_counter()


def _read_request() -> list[bytes] | None:
    header = _read(wire.REQUEST.size)
    if header is None:
        return None
    (programs,) = wire.REQUEST.unpack(header)
    lengths = struct.unpack(f"<{programs}I", _read(4 * programs) or b"")
    return [_read(length) or b"" for length in lengths]


def _read(size: int) -> bytes | None:
    """Exactly `size` bytes, or None where the pipe ends first."""
    parts = bytearray()
    while len(parts) < size:
        part = os.read(REQUESTS, size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def run_unrestricted(source: str) -> Reply:
    """Runs Python without the walker language: what the lock-down alone contains. For tests."""
    try:
        exec(source, {"__name__": "probe"})
    except MemoryError:
        raise
    except Exception as error:
        name = type(error).__name__
        return Reply(verdict=Verdict.RUNTIME, reason=f"{name}: {error}", error=name)
    return Reply(verdict=Verdict.OK)


def live(limits: Limits, run: Run, place: memoryview) -> NoReturn:
    """Locks this process down for good, greets and serves.

    Args:
        limits: What a program may use.
        run: Runs one program.
        place: Where the index of the running program is kept, [1] u32.
    """
    sys.setrecursionlimit(RECURSION_LIMIT)
    sys.set_int_max_str_digits(INTEGER_DIGITS)
    worker = Worker(limits, run, place)
    try:
        lockdown.engage(limits.memory_mebibytes << 20)
    except lockdown.LockdownError as error:
        os.write(REPLIES, wire.pack_greeting(False, str(error)))
        os._exit(1)
    sys.stdout = sys.stderr = None  # type: ignore[assignment]
    os.write(REPLIES, wire.pack_greeting(True))
    worker.serve()
    os._exit(0)
