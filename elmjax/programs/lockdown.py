"""Gives up, for good, everything a process could do to the machine. Linux, standard library only.

In this order, each a boundary of its own: no new privileges, no files (Landlock, where the kernel
has it), resource limits, and a seccomp filter that lets through only what a running interpreter
needs to compute, keep time, allocate memory and talk over the two pipes it already has. What the
filter does not list fails with EPERM rather than killing the process, so that the lock can be tried
from inside: `engage` returns only after everything it should prevent has been seen to fail.

See the kernel's seccomp_filter.rst and landlock.rst.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
from typing import NamedTuple

_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_PROT_EXEC = 4

# The landlock calls have the same numbers on every architecture.
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_RESTRICT_SELF = 446


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


class LockdownError(RuntimeError):
    """A boundary could not be set, or did not hold when it was tried."""


class _Architecture(NamedTuple):
    audit: int  # the kernel's AUDIT_ARCH_ number
    calls: dict[str, int]


_X86_64 = _Architecture(
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
_AARCH64 = _Architecture(
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

# Berkeley packet filter operations on the 32-bit words of the kernel's `struct seccomp_data`.
_LOAD = 0x20  # accumulator = word at offset
_JUMP_EQUAL = 0x15
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_KILL = 0x80000000


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
    _control(libc, "no_new_privs", _PR_SET_NO_NEW_PRIVS, 1)
    _control(libc, "dumpable", _PR_SET_DUMPABLE, 0)
    _forbid_files(libc)


def _control(libc: ctypes.CDLL, name: str, option: int, *arguments: object) -> None:
    # The kernel wants unused arguments to be zero.
    words = [*arguments, *[0] * (4 - len(arguments))]
    as_words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in words]
    if libc.prctl(option, *as_words) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise LockdownError(f"the kernel refuses {name}: {reason}")


def _forbid_files(libc: ctypes.CDLL) -> None:
    """Denies every path through Landlock; a second lock where there is one, since Linux 5.13."""
    create, restrict = (
        ctypes.c_long(call) for call in (_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF)
    )
    version = libc.syscall(create, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    # Rights on files by version; from 4 on TCP, from 6 on signals and abstract sockets.
    rights = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    words = [(1 << rights) - 1]
    if version >= 4:
        words.append(0b11)
    if version >= 6:
        words.append(0b11)
    attributes = struct.pack(f"={len(words)}Q", *words)
    ruleset = libc.syscall(create, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0 or libc.syscall(restrict, ruleset, 0) != 0:
        raise LockdownError(f"Landlock refuses: {os.strerror(ctypes.get_errno())}")
    os.close(ruleset)


def _limit_resources(limits: dict[int, int]) -> None:
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))


def _filter_calls(libc: ctypes.CDLL, architecture: _Architecture) -> None:
    program = filter_program(architecture)
    code = ctypes.create_string_buffer(program, len(program))

    class _Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    described = _Program(len(program) // 8, ctypes.addressof(code))
    _control(libc, "seccomp", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.pointer(described))


def filter_program(architecture: _Architecture) -> bytes:
    """The seccomp filter, eight bytes an instruction.

    Reading is allowed from descriptor 0, writing to 1, and memory may not be executable.
    """
    conditions = {
        "read": (0, _JUMP_EQUAL, 0, True),
        "write": (0, _JUMP_EQUAL, 1, True),
        "mmap": (2, _JUMP_ANY_BIT, _PROT_EXEC, False),
        "mprotect": (2, _JUMP_ANY_BIT, _PROT_EXEC, False),
    }
    lines = [
        _instruction(_LOAD, _ARCHITECTURE_OFFSET),
        _instruction(_JUMP_EQUAL, architecture.audit, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER_OFFSET),
    ]
    for name, number in architecture.calls.items():
        if name not in conditions:
            lines += [_instruction(_JUMP_EQUAL, number, 0, 1), _instruction(_RETURN, _ALLOW)]
            continue
        argument, test, operand, wanted = conditions[name]
        lines += [
            _instruction(_JUMP_EQUAL, number, 0, 4),
            # The low word of a 64-bit argument; both architectures are little-endian.
            _instruction(_LOAD, _ARGUMENTS_OFFSET + 8 * argument),
            _instruction(test, operand, 0 if wanted else 1, 1 if wanted else 0),
            _instruction(_RETURN, _ALLOW),
            _instruction(_RETURN, _REFUSE),
        ]
    lines.append(_instruction(_RETURN, _REFUSE))
    return b"".join(lines)


def _instruction(operation: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One `struct sock_filter`; jumps are relative to the next instruction."""
    return struct.pack("=HBBI", operation, if_true, if_false, operand)


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
