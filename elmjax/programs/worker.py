"""The process inside the jail: locks itself down, then runs batches of programs until told to stop.

Started by `jail` as a script of its own. It reads requests from descriptor 0 and writes replies to
descriptor 1 (`wire`), imports nothing but the standard library, and nothing at all once locked.
"""

import gc
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from types import FrameType

from elmjax.programs import lockdown, wire
from elmjax.programs.interpreter import interpret
from elmjax.programs.limits import Limits
from elmjax.programs.verdict import Verdict
from elmjax.programs.wire import Reply

_REQUESTS, _REPLIES = 0, 1
_FLUSH_SECONDS = 0.02  # what is lost of a batch, at most, when the worker is killed
_INTERRUPTIONS = 10  # after which a program is given up
_GARBAGE_OBJECTS = 2_000


class TimeUpError(BaseException):
    """Interrupts the running program. Not an Exception, so that few programs catch it."""


class Worker:
    """Runs programs one after another, each within its limits."""

    def __init__(self, limits: Limits, run: Callable[[str], Reply]) -> None:
        self._limits = limits
        self._run = run
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
                self._unsent += wire.pack_reply(self._index, self.judge(source))
                if time.perf_counter() - self._flushed > _FLUSH_SECONDS:
                    self._flush()
            self._flush()

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
            if gc.get_count()[0] > _GARBAGE_OBJECTS:
                gc.collect()
        except TimeUpError:
            reply = self._timeout()
        except MemoryError:
            reply = Reply(verdict=Verdict.MEMORY, reason="ran out of memory")
        except BaseException as error:
            name = type(error).__name__
            reply = Reply(verdict=Verdict.RUNTIME, reason=name, error=name)
        self._running = False
        return reply

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._running:
            return
        self._interruptions += 1
        if self._interruptions > _INTERRUPTIONS:
            self._unsent += wire.pack_reply(self._index, self._timeout())
            self._flush()
            os._exit(wire.EXIT_SWALLOWED)
        raise TimeUpError

    def _timeout(self) -> Reply:
        reason = f"took longer than {self._limits.seconds:g} s"
        return Reply(verdict=Verdict.SOFT_TIMEOUT, reason=reason)

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
            view = view[os.write(_REPLIES, view) :]
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
        part = os.read(_REQUESTS, size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def run_unrestricted(source: str) -> Reply:
    """Runs Python without the walker language: what the lock-down alone contains. For tests."""
    try:
        exec(source, {"__name__": "probe"})
    except Exception as error:
        name = type(error).__name__
        return Reply(verdict=Verdict.RUNTIME, reason=f"{name}: {error}", error=name)
    return Reply(verdict=Verdict.OK)


def main(words: list[str]) -> None:
    """Locks down, greets and serves. `words`: `--unrestricted`, for tests, and the limits."""
    run = interpret
    if words[0] == "--unrestricted":
        run, words = run_unrestricted, words[1:]
    limits = Limits.from_arguments(words)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pool decides when its workers end
    worker = Worker(limits, run)
    try:
        lockdown.engage(limits.memory_mebibytes << 20)
    except lockdown.LockdownError as error:
        os.write(_REPLIES, wire.pack_greeting(False, str(error)))
        os._exit(1)
    sys.stdout = sys.stderr = None  # type: ignore[assignment]
    # What exists by now lives for good; the collector need not look at it again.
    gc.disable()
    gc.freeze()
    os.write(_REPLIES, wire.pack_greeting(True))
    worker.serve()
    os._exit(0)
