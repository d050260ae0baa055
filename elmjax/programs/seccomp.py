"""Seccomp filters: the system calls that a process keeps, as a program the kernel runs on each.

Berkeley packet filter operations on the 32-bit words of the kernel's `struct seccomp_data`. See the
kernel's seccomp_filter.rst.
"""

import ctypes
import errno
import struct
from collections.abc import Collection, Mapping
from typing import NamedTuple

from elmjax.programs import prctl

_MODE_FILTER = 2
_LOAD = 0x20  # accumulator = word at offset
_JUMP_EQUAL = 0x15
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_ALLOW = 0x7FFF0000
_FAIL = 0x00050000  # and an error number
_REFUSE = _FAIL | errno.EPERM
_KILL = 0x80000000


class Architecture(NamedTuple):
    """The numbers of one kind of processor."""

    audit: int  # the kernel's AUDIT_ARCH_ number
    calls: dict[str, int]


class Condition(NamedTuple):
    """What the low word of an argument must be for a call to be allowed."""

    argument: int  # counted from 0
    test: int
    operand: int
    wanted: bool


def equals(argument: int, value: int) -> Condition:
    """The argument is this value."""
    return Condition(argument, _JUMP_EQUAL, value, True)


def has_any(argument: int, bits: int) -> Condition:
    """The argument has at least one of these bits."""
    return Condition(argument, _JUMP_ANY_BIT, bits, True)


def has_none(argument: int, bits: int) -> Condition:
    """The argument has none of these bits."""
    return Condition(argument, _JUMP_ANY_BIT, bits, False)


def filter_program(
    architecture: Architecture,
    conditions: Mapping[str, Condition],
    unknown: Collection[str] = (),
) -> bytes:
    """The filter, eight bytes an instruction.

    Args:
        architecture: Its calls are allowed, any other fails with EPERM. A call by the convention of
            another architecture ends the process.
        conditions: Of those calls that are allowed for some arguments only.
        unknown: Those calls that fail as on a kernel that does not have them, with ENOSYS.
    """
    lines = [
        _instruction(_LOAD, _ARCHITECTURE_OFFSET),
        _instruction(_JUMP_EQUAL, architecture.audit, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER_OFFSET),
    ]
    for name, number in architecture.calls.items():
        if name not in conditions:
            answer = _FAIL | errno.ENOSYS if name in unknown else _ALLOW
            lines += [_instruction(_JUMP_EQUAL, number, 0, 1), _instruction(_RETURN, answer)]
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


def install(libc: ctypes.CDLL, program: bytes) -> None:
    """Puts this process, and what it executes or starts, behind a filter.

    Raises:
        LockdownError: the kernel has no filters, or refuses this one.
    """
    code = ctypes.create_string_buffer(program, len(program))

    class _Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    described = _Program(len(program) // 8, ctypes.addressof(code))
    prctl.control(libc, "seccomp", prctl.SET_SECCOMP, _MODE_FILTER, ctypes.pointer(described))


def _instruction(operation: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One `struct sock_filter`; jumps are relative to the next instruction."""
    return struct.pack("=HBBI", operation, if_true, if_false, operand)
