"""What a process asks the kernel to take from it, one `prctl` at a time, and how it hears no."""

import ctypes
import os

SET_DUMPABLE = 4
SET_NAME = 15
SET_SECCOMP = 22
SET_NO_NEW_PRIVS = 38


class LockdownError(RuntimeError):
    """A boundary could not be set, or did not hold when it was tried."""


def control(libc: ctypes.CDLL, name: str, option: int, *arguments: object) -> None:
    """Calls `prctl` on this process.

    Args:
        libc: The C library, loaded with `use_errno`.
        name: What is asked for, in words.
        option: One of the numbers above.
        arguments: Integers or pointers.

    Raises:
        LockdownError: the kernel refuses; says what and why.
    """
    # The kernel wants unused arguments to be zero.
    words = [*arguments, *(0 for _ in range(4 - len(arguments)))]
    as_words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in words]
    if libc.prctl(option, *as_words) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise LockdownError(f"the kernel refuses {name}: {reason}")
