"""Where workers come from: the zygote, seen from outside."""

import fcntl
import mmap
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from elmjax.programs import zygote
from elmjax.programs.limits import Limits

PACKAGE_ROOT = Path(__file__).parents[2]
_START = "import sys; sys.path.append(sys.argv[1]); from elmjax.programs.zygote import main; "
_START += "main(sys.argv[2:])"

# Ignores every environment variable but the one given, writes no bytecode, skips site-packages.
# `-I` would say most of this in one letter but would also ignore PYTHONHASHSEED, on which the order
# of a program's sets depends.
_INTERPRETER_OPTIONS = ("-s", "-S", "-P", "-B", "-W", "ignore")
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}
_ANSWER_SECONDS = 30.0  # starting Python included, on a busy machine


class NurseryError(RuntimeError):
    """The zygote ended, or never started."""


class Newborn(NamedTuple):
    """A worker that has just been forked. The descriptors are the caller's to close."""

    process: int  # id; no other process takes it before `end` has told how the worker ended
    zygote: int  # which one forked it, counted from 1
    requests: int  # descriptor to write to
    replies: int  # descriptor to read from
    place: int  # descriptor of a page that begins with the u32 index of the running program


class Nursery:
    """Forks workers on demand, all alike. May be used by several threads."""

    def __init__(
        self, limits: Limits, *, unrestricted: bool = False, interpreter: str | None = None
    ) -> None:
        """Starts the zygote, without waiting for it.

        Args:
            limits: What the workers' programs may use.
            unrestricted: Leaves out the walker language and runs bare Python inside the lock-down;
                for tests of the lock-down.
            interpreter: Path of the Python that runs the programs; this one where None.
        """
        words = [*(["--unrestricted"] if unrestricted else []), *limits.to_arguments()]
        python = interpreter or sys.executable
        self._command = [python, *_INTERPRETER_OPTIONS, "-c", _START, str(PACKAGE_ROOT), *words]
        self._lock = threading.Lock()
        self._zygotes = 0
        self._start()

    def spawn(self) -> Newborn:
        """Forks a worker, from a second zygote where the first has died.

        Raises:
            NurseryError: no zygote starts.
        """
        with self._lock:
            try:
                return self._spawn()
            except NurseryError:
                self._stop()
                self._start()
                return self._spawn()

    def end(self, worker: Newborn, patience: float) -> int | None:
        """Ends a worker, whatever it is doing, and reads the cause from its exit status.

        Args:
            worker: As `spawn` gave it.
            patience: s to wait for it to end by itself.

        Returns:
            Its exit status, the negative number of a signal, or None where the zygote that knew
            has died; its workers have died with it.
        """
        with self._lock:
            if worker.zygote != self._zygotes:
                return None
            try:
                return self._ask(zygote.END_MESSAGE.pack(zygote.END, worker.process, patience), [])
            except NurseryError:
                return None

    def close(self) -> None:
        """Ends the zygote and all its workers."""
        with self._lock:
            self._stop()

    def _start(self) -> None:
        self._zygotes += 1
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_ANSWER_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                self._command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                start_new_session=True,  # an interrupt from the terminal is the pool's to handle
            )

    def _stop(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()

    def _spawn(self) -> Newborn:
        their_requests, requests = os.pipe()
        replies, their_replies = os.pipe()
        place = _make_place()
        theirs = [their_requests, their_replies, place]
        try:
            process = self._ask(zygote.SPAWN, theirs)
            return Newborn(process, self._zygotes, requests, replies, place)
        except NurseryError:
            for descriptor in (requests, replies, place):
                os.close(descriptor)
            raise
        finally:
            os.close(their_requests)
            os.close(their_replies)

    def _ask(self, message: bytes, descriptors: list[int]) -> int:
        try:
            socket.send_fds(self._control, [message], descriptors)
            answer = self._control.recv(zygote.NUMBER.size)
        except OSError as error:
            raise NurseryError(f"the zygote does not answer: {error}") from None
        if len(answer) != zygote.NUMBER.size:
            raise NurseryError("the zygote has ended")
        (number,) = zygote.NUMBER.unpack(answer)
        return number


def _make_place() -> int:
    """A descriptor of one shared page whose size nobody can change any more."""
    place = os.memfd_create("place", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(place, mmap.PAGESIZE)
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    fcntl.fcntl(place, fcntl.F_ADD_SEALS, seals)
    return place
