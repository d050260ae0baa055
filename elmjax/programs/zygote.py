"""The process from which workers are forked: it has imported everything and runs nothing.

Started by `nursery` as a script of its own, never forked from the process that runs JAX. Starting
Python and importing the worker takes 40 ms; forking a copy that has done both takes a few.

It knows two messages, of fixed form, on descriptor 0, a socket whose other end its pool holds:

    spawn   b"S" and three descriptors: requests, replies and place   ->  i32 process id
    end     b"E", i32 process id, f64 patience s                      ->  i32 exit status

and ends when that socket does, and its workers with it. A program's text never passes through: the
descriptors go to the worker unread. What it gives up, the worker need not give up again; what it
keeps (fork, wait, kill) the worker's own filter takes away.
"""

import array
import contextlib
import ctypes
import functools
import gc
import mmap
import os
import signal
import socket
import struct
import sys
import time
from typing import NoReturn

from elmjax.programs import lockdown, worker
from elmjax.programs.interpreter import interpret
from elmjax.programs.limits import Limits

SPAWN, END = b"S", b"E"
END_MESSAGE = struct.Struct("<cid")
NUMBER = struct.Struct("<i")
DESCRIPTORS = 3  # requests, replies, place
_OPEN_FILES = 16  # descriptors that the zygote may hold

# Makes Python load what it loads only when a program first seeds a generator, names a character
# or writes a name that is not ASCII: a worker cannot load anything.
_WARM_UP = 'random.seed(1)\né = "\\N{BULLET}"\n'

_PR_SET_PDEATHSIG = 1


def main(words: list[str]) -> NoReturn:
    """Answers the pool until it hangs up. `words`: `--unrestricted`, for tests, and the limits."""
    unrestricted = words[0] == "--unrestricted"
    limits = Limits.from_arguments(words[1:] if unrestricted else words)
    run: worker.Run = functools.partial(interpret, dim=limits.dim)
    if unrestricted:
        run = worker.run_unrestricted
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pool decides when its workers end
    interpret(_WARM_UP)
    # Where the kernel refuses, the worker is refused the same and says so in its greeting.
    with contextlib.suppress(lockdown.LockdownError):
        lockdown.shed(_OPEN_FILES)
    # What exists by now lives for good; no collector need look at it again, or copy its pages.
    gc.disable()
    gc.freeze()
    control = socket.socket(fileno=0)
    while message := _receive(control):
        text, descriptors = message
        if text == SPAWN and len(descriptors) == DESCRIPTORS:
            control.send(NUMBER.pack(_spawn(limits, run, descriptors)))
        else:
            _, process, patience = END_MESSAGE.unpack(text)
            control.send(NUMBER.pack(_end(process, patience)))
    os._exit(0)


def _receive(control: socket.socket) -> tuple[bytes, list[int]] | None:
    text, ancillary, _, _ = control.recvmsg(
        END_MESSAGE.size, socket.CMSG_SPACE(DESCRIPTORS * array.array("i").itemsize)
    )
    descriptors = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data)
    return (text, descriptors.tolist()) if text else None


def _spawn(limits: Limits, run: worker.Run, descriptors: list[int]) -> int:
    """Forks a worker that holds these descriptors and no others, and returns its process id."""
    zygote = os.getpid()
    process = os.fork()
    if process == 0:
        try:
            _die_with_parent(zygote)
            place = _adopt(*descriptors)
            worker.live(limits, run, place)
        finally:
            os._exit(1)
    for descriptor in descriptors:
        os.close(descriptor)
    return process


def _adopt(requests: int, replies: int, place: int) -> memoryview:
    """Puts the pipes where the worker expects them and closes the rest; returns the place."""
    page = mmap.mmap(place, mmap.PAGESIZE)
    os.dup2(requests, worker.REQUESTS)  # over the socket to the pool, which ends here
    os.dup2(replies, worker.REPLIES)
    os.closerange(worker.REPLIES + 2, _OPEN_FILES)  # keeps the null device for errors
    return memoryview(page).cast("I")


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def _end(process: int, patience: float) -> int:
    """Waits for a worker to end, kills it when patience (s) runs out, and tells how it ended."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.0005)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main(sys.argv[1:])
