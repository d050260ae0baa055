"""A stop that is announced: SIGTERM, as preemptible machines send before they go.

Loops ask after every step, save, and leave. What does not come to its next step in time is left as
it is: the newest checkpoint stands.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from elmjax.dist import hosts

# Machines give 20 to 30 s.
GRACE_SECONDS = 15.0
STOPPED = 128 + signal.SIGTERM  # exit code, as of a process that SIGTERM ended

_asked = threading.Event()
_clocks: list[threading.Timer] = []


class StoppedError(Exception):
    """The run was asked to stop, and what it had is saved."""


def is_asked() -> bool:
    """Whether a process of the run has been asked to stop: save now, and raise `StoppedError`.

    All hosts ask after the same steps.
    """
    return hosts.any_of("stop", _asked.is_set())


@contextmanager
def heeded() -> Iterator[None]:
    """A block in which SIGTERM ends the run after its step, or, if that takes long, at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may listen
        return
    _asked.clear()
    before = signal.signal(signal.SIGTERM, _ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        for clock in _clocks:
            clock.cancel()  # what comes after the block has its own time
        _clocks.clear()


def _ask(number: int, frame: FrameType | None) -> None:
    del number, frame
    if _asked.is_set():
        return
    _asked.set()
    clock = threading.Timer(GRACE_SECONDS, _end)
    clock.daemon = True
    _clocks.append(clock)
    clock.start()


def _end() -> None:
    seconds = f"{GRACE_SECONDS:g} s"
    print(f"\nstopped within a step, which took over {seconds}", file=sys.stderr, flush=True)
    os._exit(STOPPED)
