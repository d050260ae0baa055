"""Becomes Monty's worker after giving up whatever this machine lets a process give up.

Monty starts this where it would start its worker (`monty_launcher`). Each layer is tried by itself:
one that the kernel refuses is known by name and reason, and the others hold nevertheless. All of
them survive the execution of the worker, which is the last thing that happens here. (That a process
is not dumpable does not survive it, so it is no layer.) Standard library only.
"""

import contextlib
import ctypes
import os
import platform
import resource
import struct
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from elmjax.programs import monty_calls, prctl, seccomp
from elmjax.programs.landlock import forbid_files
from elmjax.programs.lockdown import try_doors
from elmjax.programs.prctl import LockdownError

REPORT = "--report"  # in place of Monty's own words: tells the layers and ends

_OPEN_FILES = 4  # the three standard ones, and one for each library in turn
_MOST_DESCRIPTORS = 4096  # that are looked at where the system does not list them
_CAPABILITY_VERSION = 0x20080522


class Worker(NamedTuple):
    """What is about to be executed."""

    binary: str
    libraries: list[str]  # and whatever else it must read to start
    memory_bytes: int  # of address space


def main(words: list[str]) -> NoReturn:
    """Locks this process and becomes the worker.

    Args:
        words: Bytes of address space, number of libraries, the libraries, the worker's binary, and
            its arguments or `REPORT`.
    """
    memory_bytes, libraries, words = int(words[0]), int(words[1]), words[2:]
    worker = Worker(words[libraries], words[:libraries], memory_bytes)
    arguments = words[libraries + 1 :]
    refusals = engage(worker)
    if arguments == [REPORT]:
        refusals.update(_try_doors(refusals))
        report = "".join(f"{name}\t{reason}\n" for name, reason in refusals.items())
        os.write(1, report.encode())
        os._exit(0)
    os.execve(worker.binary, [worker.binary, *arguments], {})


def engage(worker: Worker) -> dict[str, str]:
    """Gives up everything that can be given up. There is no way back.

    Returns:
        Every layer by name, in the order in which they were tried, with the reason why it was
        refused, which is empty where the layer is in force.
    """
    refusals = {}
    for name, give_up in _LAYERS.items():
        try:
            give_up(worker)
            refusals[name] = ""
        except (LockdownError, OSError, ValueError) as error:
            refusals[name] = " ".join(str(error).split()) or type(error).__name__
    return refusals


def _try_doors(refusals: dict[str, str]) -> dict[str, str]:
    """The layers that the kernel says are in force and that do not hold when they are tried."""
    claimed = [name for name in _DOORS if not refusals[name]]
    opened = try_doors(_linux()) if claimed else {}
    broken = {name: [door for door in _DOORS[name] if opened[door]] for name in claimed}
    return {name: f"does not hold: {', '.join(doors)}" for name, doors in broken.items() if doors}


def _leave_session(worker: Worker) -> None:
    """An interrupt from the terminal is the pool's to handle."""
    os.setsid()


def _close_descriptors(worker: Worker) -> None:
    """Keeps the two pipes to the pool; what would go to the terminal goes nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    for descriptor in _inherited():
        # One of them is that through which the list was read, and closed by now.
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _inherited() -> list[int]:
    try:
        held = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:  # where nothing is mounted there
        held = list(range(_MOST_DESCRIPTORS))
    return [descriptor for descriptor in held if descriptor > 2]


def _refuse_privileges(worker: Worker) -> None:
    prctl.control(_linux(), "no_new_privs", prctl.SET_NO_NEW_PRIVS, 1)


def _drop_capabilities(worker: Worker) -> None:
    """Of an administrator too, who could otherwise lift the limits again."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    libc = _linux()
    if libc.capset(header, bytes(2 * 3 * 4)) != 0:
        raise LockdownError(f"the kernel refuses: {os.strerror(ctypes.get_errno())}")


def _forbid_files(worker: Worker) -> None:
    if not forbid_files(_linux(), [worker.binary, *worker.libraries]):
        raise LockdownError("the kernel has none")


def _filter_calls(worker: Worker) -> None:
    libc = _linux()
    architecture = monty_calls.ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise LockdownError(f"no filter for {platform.machine()}")
    seccomp.install(libc, monty_calls.filter_program(architecture))


def _limit(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def _linux() -> ctypes.CDLL:
    if platform.system() != "Linux":
        raise LockdownError(f"{platform.system()} has none")
    return ctypes.CDLL(None, use_errno=True)


# Processes are not limited: the kernel counts all of the account's, and the worker starts a thread.
_LAYERS: dict[str, Callable[[Worker], None]] = {
    "session of its own": _leave_session,
    "two pipes only": _close_descriptors,
    "no new privileges": _refuse_privileges,
    "no capabilities": _drop_capabilities,
    "Landlock": _forbid_files,
    "no core dumps": lambda worker: _limit(resource.RLIMIT_CORE, 0),
    "no writing of files": lambda worker: _limit(resource.RLIMIT_FSIZE, 0),
    "four descriptors": lambda worker: _limit(resource.RLIMIT_NOFILE, _OPEN_FILES),
    "address space": lambda worker: _limit(resource.RLIMIT_AS, worker.memory_bytes),
    "seccomp": _filter_calls,
}
LAYERS = tuple(_LAYERS)
_DOORS = {
    "Landlock": ("open a file",),
    "seccomp": ("open a socket", "fork", "signal a process"),
}
