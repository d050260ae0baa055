"""Gives up, for good, everything a process could do to the machine. Linux, standard library only.

In this order, each a boundary of its own: no new privileges, no files (Landlock, where the kernel
has it), resource limits, and a seccomp filter that lets through only what a running interpreter
needs to compute, keep time, allocate memory and talk over the two pipes it already has. What the
filter does not list fails with EPERM rather than killing the process, so that the lock can be tried
from inside: `engage` returns only after everything it should prevent has been seen to fail.
"""

import ctypes
import errno
import os
import platform
import resource

from elmjax.programs import prctl, seccomp
from elmjax.programs.landlock import forbid_files
from elmjax.programs.prctl import LockdownError, control
from elmjax.programs.seccomp import Architecture

_PROT_EXEC = 4

# Resources of which a worker needs none. Processor time is not among them: that limit counts from
# the start of a process, and a worker lives long.
_NOTHING = dict.fromkeys(
    (
        resource.RLIMIT_NOFILE,
        resource.RLIMIT_NPROC,
        resource.RLIMIT_FSIZE,
        resource.RLIMIT_CORE,
    ),
    0,
)

_X86_64 = Architecture(
    0xC000003E,
    {
        "read": 0,
        "write": 1,
        "mmap": 9,
        "mprotect": 10,
        "munmap": 11,
        "brk": 12,
        "rt_sigprocmask": 14,
        "rt_sigreturn": 15,
        "mremap": 25,
        "madvise": 28,
        "setitimer": 38,
        "exit": 60,
        "gettimeofday": 96,
        "futex": 202,
        "restart_syscall": 219,
        "clock_gettime": 228,
        "exit_group": 231,
    },
)
_AARCH64 = Architecture(
    0xC00000B7,
    {
        "read": 63,
        "write": 64,
        "exit": 93,
        "exit_group": 94,
        "futex": 98,
        "setitimer": 103,
        "clock_gettime": 113,
        "restart_syscall": 128,
        "rt_sigprocmask": 135,
        "rt_sigreturn": 139,
        "gettimeofday": 169,
        "brk": 214,
        "munmap": 215,
        "mremap": 216,
        "mmap": 222,
        "mprotect": 226,
        "madvise": 233,
    },
)
ARCHITECTURES = {"x86_64": _X86_64, "aarch64": _AARCH64}

# Reading is allowed from descriptor 0, writing to 1, and memory may not be executable.
_CONDITIONS = {
    "read": seccomp.equals(0, 0),
    "write": seccomp.equals(0, 1),
    "mmap": seccomp.has_none(2, _PROT_EXEC),
    "mprotect": seccomp.has_none(2, _PROT_EXEC),
}


def engage(memory_bytes: int) -> None:
    """Locks this process down. There is no way back.

    Args:
        memory_bytes: Address space the process may hold from now on.

    Raises:
        LockdownError: the process may be half locked by then and should exit.
    """
    architecture = ARCHITECTURES.get(platform.machine())
    if os.name != "posix" or platform.system() != "Linux" or architecture is None:
        raise LockdownError(
            f"got {platform.system()} on {platform.machine()}, want Linux on "
            f"{' or '.join(ARCHITECTURES)}"
        )
    libc = ctypes.CDLL(None, use_errno=True)
    _shed_privileges(libc)
    _limit_resources({**_NOTHING, resource.RLIMIT_AS: memory_bytes})
    _filter_calls(libc, architecture)
    open_doors = [name for name, is_open in try_doors(libc).items() if is_open]
    if open_doors:
        raise LockdownError(f"the lock does not hold: {', '.join(open_doors)}")


def shed(open_files: int) -> None:
    """Gives up what the zygote has no use for: privileges, files, being looked into, core dumps.

    Args:
        open_files: Descriptors it may still hold.

    Raises:
        LockdownError: the kernel refuses.
    """
    _shed_privileges(ctypes.CDLL(None, use_errno=True))
    _limit_resources(
        {
            resource.RLIMIT_NOFILE: open_files,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_CORE: 0,
        }
    )


def _shed_privileges(libc: ctypes.CDLL) -> None:
    control(libc, "no_new_privs", prctl.SET_NO_NEW_PRIVS, 1)
    control(libc, "dumpable", prctl.SET_DUMPABLE, 0)
    forbid_files(libc)  # a second lock where there is one


def _limit_resources(limits: dict[int, int]) -> None:
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))


def _filter_calls(libc: ctypes.CDLL, architecture: Architecture) -> None:
    seccomp.install(libc, filter_program(architecture))


def filter_program(architecture: Architecture) -> bytes:
    """The worker's seccomp filter."""
    return seccomp.filter_program(architecture, _CONDITIONS)


def try_doors(libc: ctypes.CDLL) -> dict[str, bool]:
    """Tries to leave the jail in every way, and tells which succeeded."""
    null = ctypes.c_void_p(0)
    private_anonymous = 0x22
    libc.mmap.restype = ctypes.c_void_p
    mapped = libc.mmap(
        null, ctypes.c_size_t(4096), _PROT_EXEC, private_anonymous, -1, ctypes.c_long(0)
    )
    return {
        "open a file": libc.open(b"/", os.O_RDONLY) >= 0,
        "open a socket": libc.socket(2, 1, 0) >= 0,
        "fork": _try_fork(libc),
        "run a program": libc.execve(b"/nonexistent", null, null) != -1
        or ctypes.get_errno() != errno.EPERM,
        "signal a process": libc.kill(0, 0) == 0,
        "make memory executable": mapped != ctypes.c_void_p(-1).value,
    }


def _try_fork(libc: ctypes.CDLL) -> bool:
    child = libc.fork()
    if child == 0:
        os._exit(0)
    if child > 0:
        os.waitpid(child, 0)
    return child >= 0
