"""Where the lines of a metrics log go besides the log itself."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

# Of a line, beside its numbers.
KEYS = ("stage", "step", "seconds")


class MirrorError(RuntimeError):
    """A mirror that cannot be had; the message is one line and says what to do."""


class Mirror(Protocol):
    """Shows the lines of one log elsewhere."""

    def restart(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Begins, or begins anew, with what the log holds.

        Raises:
            MirrorError: it cannot.
        """
        ...

    def add(self, line: Mapping[str, Any]) -> None:
        """Takes in one line more."""
        ...

    def close(self) -> None:
        """Ends; nothing where it never began."""
        ...


def numbers_of(line: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a line, as `STAGE/NAME`; truth values are 0 and 1, texts and null left out."""
    return {
        f"{line['stage']}/{name}": float(value)
        for name, value in line.items()
        if name not in KEYS and isinstance(value, bool | int | float)
    }
