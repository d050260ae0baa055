"""What a program may use: how much before it is stopped, and how many dimensions."""

import dataclasses
import math

# Calls that may be open at once. Part of the language: the same on every machine.
RECURSION_LIMIT = 1000
# Digits of an integer that may be turned into text, which takes time quadratic in them.
INTEGER_DIGITS = 4300


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on one program, and on the worker that runs it.

    Times are processor time, not wall time, so that a verdict does not depend on what else the
    machine is doing. (A program cannot sleep: the jail has no call for it.)
    """

    seconds: float = 0.5  # s, after which the program is interrupted between two bytecodes
    # A single call into C, such as `sum(range(10**12))`, cannot be interrupted; the kernel ends
    # the worker instead.
    uninterruptible_seconds: float = 1.0
    memory_mebibytes: int = 256  # MiB of address space for the whole worker
    source_bytes: int = 32_768  # of UTF-8
    dim: int = 2  # coordinates of a joint; 3: `add_joint` takes a depth, which is 0 by default
    # s of wall time without a whole reply after which a worker is ended: for one that neither
    # computes nor answers. Generous, because the machine may be busy.
    silent_seconds: float = 30.0

    def __post_init__(self) -> None:
        if not 0.0 < self.seconds < self.uninterruptible_seconds:
            raise ValueError(
                f"Limits: got seconds={self.seconds} and uninterruptible_seconds="
                f"{self.uninterruptible_seconds}, want 0 < seconds < uninterruptible_seconds"
            )
        if self.memory_mebibytes < 64:
            raise ValueError(
                f"Limits.memory_mebibytes: got {self.memory_mebibytes}, want at least 64, "
                "which the Python interpreter itself needs"
            )
        if not 0.0 < self.silent_seconds < math.inf:
            raise ValueError(f"Limits.silent_seconds: got {self.silent_seconds}, want above 0 s")
        if self.dim not in (2, 3):
            raise ValueError(f"Limits.dim: got {self.dim}, want 2 or 3")
        if self.source_bytes < 1:
            raise ValueError(f"Limits.source_bytes: got {self.source_bytes}, want at least 1")

    def to_arguments(self) -> list[str]:
        """The part that the worker enforces, as words of its command line."""
        numbers = (self.seconds, self.uninterruptible_seconds, self.memory_mebibytes, self.dim)
        return list(map(str, numbers))

    @classmethod
    def from_arguments(cls, words: list[str]) -> "Limits":
        """Undoes `to_arguments`."""
        seconds, uninterruptible_seconds, memory_mebibytes, dim = words
        return cls(
            seconds=float(seconds),
            uninterruptible_seconds=float(uninterruptible_seconds),
            memory_mebibytes=int(memory_mebibytes),
            dim=int(dim),
        )
