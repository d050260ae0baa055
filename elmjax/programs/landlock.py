"""Landlock: a process forbids itself paths, and what else its kernel's version can forbid.

See the kernel's landlock.rst.
"""

import ctypes
import os
import struct
from collections.abc import Sequence

from elmjax.programs.prctl import LockdownError

# The calls have the same numbers on every architecture.
_CREATE_RULESET = 444
_ADD_RULE = 445
_RESTRICT_SELF = 446
_PATH_BENEATH = 1
_EXECUTE, _READ_FILE = 1 << 0, 1 << 2


def forbid_files(libc: ctypes.CDLL, besides: Sequence[str] = ()) -> bool:
    """Denies every path, and TCP, signals and abstract sockets where the kernel can.

    Args:
        libc: The C library, loaded with `use_errno`.
        besides: Files that may still be read and executed. Those that do not exist are passed over.

    Returns:
        Whether the kernel has Landlock, as it may since Linux 5.13.

    Raises:
        LockdownError: it has and refuses.
    """
    create, restrict = (ctypes.c_long(call) for call in (_CREATE_RULESET, _RESTRICT_SELF))
    version = libc.syscall(create, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    # Rights on files by version; from 4 on TCP, from 6 on signals and abstract sockets.
    rights = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    words = [(1 << rights) - 1]
    if version >= 4:
        words.append(0b11)
    if version >= 6:
        words.append(0b11)
    attributes = struct.pack(f"={len(words)}Q", *words)
    ruleset = libc.syscall(create, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise _refusal()
    for path in besides:
        _except_file(libc, ruleset, path)
    if libc.syscall(restrict, ruleset, 0) != 0:
        raise _refusal()
    os.close(ruleset)
    return True


def _except_file(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        file = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    rule = struct.pack("=Qi", _EXECUTE | _READ_FILE, file)
    added = libc.syscall(ctypes.c_long(_ADD_RULE), ruleset, _PATH_BENEATH, rule, 0)
    os.close(file)
    if added != 0:
        raise _refusal()


def _refusal() -> LockdownError:
    return LockdownError(f"Landlock refuses: {os.strerror(ctypes.get_errno())}")
