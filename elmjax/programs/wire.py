"""The bytes between the pool and a jailed worker: flat records, never pickle.

    greeting   u8 ready, u16 length, text
    request    u32 programs, u32 length of each, sources
    reply      u32 index, u8 verdict, u8 error length, u16 reason length, u32 joints, u32 springs,
               error, reason, joints x (x, y) f64, or (x, y, z) in three dimensions,
               springs x (joint, joint, rigid, amplitude, phase) f64

All integers and floats are little-endian and all text is UTF-8. The pool trusts nothing in a reply:
`Replies` bounds every count before it waits for the bytes, and `build` checks every value. Both
sides know the dimensions from the start (`Limits.dim`).
"""

import dataclasses
import struct
from collections.abc import Iterator, Sequence

from elmjax.programs.verdict import Verdict

# What one program may record, far above the largest walker: a longer recording is TOO_LARGE
# whatever merging would leave of it. This bounds a reply to 3 MB.
MAX_JOINT_CALLS = 16_384
MAX_SPRING_CALLS = 65_536
MAX_REASON_BYTES = 300
MAX_ERROR_BYTES = 40  # the longest name of a standard exception has 25

# Exit status of a worker that gave up on a program that swallows its interruptions; the replies
# up to and with that program have been sent.
EXIT_SWALLOWED = 3

SPRING_NUMBERS = 5
BYTES_PER_NUMBER = 8

GREETING = struct.Struct("<BH")
REQUEST = struct.Struct("<I")
REPLY = struct.Struct("<IBBHII")
PLACE = struct.Struct("=I")  # index of the running program, in a page shared with the pool
NO_PROGRAM = 0xFFFFFFFF  # the place of a worker that runs none

VERDICTS = tuple(Verdict)  # a verdict's code is its position
VERDICT_CODES = {verdict: code for code, verdict in enumerate(VERDICTS)}


class MalformedReplyError(ValueError):
    """A worker sent bytes that are no reply to the request."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reply:
    """What a worker says about one program. The bytes are length-checked and nothing more."""

    verdict: Verdict
    reason: str = ""
    error: str = ""  # standard class of what the program raised, where it raised
    joints: bytes = b""  # [joint calls, dim] f64: x, y and perhaps z in m
    springs: bytes = b""  # [spring calls, 5] f64: joint, joint, rigid, amplitude, phase in cycles


def pack_greeting(ready: bool, text: str = "") -> bytes:
    """The first message of a worker: ready, or why its lock-down failed."""
    encoded = text.encode()[:MAX_REASON_BYTES]
    return GREETING.pack(ready, len(encoded)) + encoded


def pack_request(sources: Sequence[bytes]) -> bytes:
    """A batch of programs to run."""
    lengths = struct.pack(f"<{len(sources)}I", *map(len, sources))
    return b"".join((REQUEST.pack(len(sources)), lengths, *sources))


def pack_reply(index: int, reply: Reply, dim: int = 2) -> bytes:
    """The outcome of the program at `index` of the request, whose joints have `dim` numbers."""
    reason = reply.reason.encode(errors="replace")[:MAX_REASON_BYTES]
    error = reply.error.encode(errors="replace")[:MAX_ERROR_BYTES]
    header = REPLY.pack(
        index,
        VERDICT_CODES[reply.verdict],
        len(error),
        len(reason),
        len(reply.joints) // (dim * BYTES_PER_NUMBER),
        len(reply.springs) // (SPRING_NUMBERS * BYTES_PER_NUMBER),
    )
    return b"".join((header, error, reason, reply.joints, reply.springs))


class Replies:
    """Takes the bytes of one batch of replies as they come and gives the complete ones."""

    def __init__(self, dim: int = 2) -> None:
        self._bytes_per_joint = dim * BYTES_PER_NUMBER
        self._pending = bytearray()
        self._next_index = 0

    def feed(self, received: bytes) -> Iterator[Reply]:
        """Yields every reply that is complete.

        Raises:
            MalformedReplyError: the bytes cannot be the replies in the order of the request.
        """
        self._pending += received
        while (reply := self._take()) is not None:
            yield reply

    @property
    def leftover(self) -> int:
        """Bytes received that belong to no complete reply."""
        return len(self._pending)

    def _take(self) -> Reply | None:
        if len(self._pending) < REPLY.size:
            return None
        index, code, error_bytes, reason_bytes, joints, springs = REPLY.unpack_from(self._pending)
        if index != self._next_index:
            raise MalformedReplyError(f"reply {index}, want {self._next_index}")
        if code >= len(VERDICTS):
            raise MalformedReplyError(f"verdict {code}")
        if error_bytes > MAX_ERROR_BYTES or reason_bytes > MAX_REASON_BYTES:
            raise MalformedReplyError(f"{error_bytes} bytes of error, {reason_bytes} of reason")
        if joints > MAX_JOINT_CALLS or springs > MAX_SPRING_CALLS:
            raise MalformedReplyError(f"{joints} joints and {springs} springs")
        error_end = REPLY.size + error_bytes
        reason_end = error_end + reason_bytes
        joints_end = reason_end + joints * self._bytes_per_joint
        springs_end = joints_end + springs * SPRING_NUMBERS * BYTES_PER_NUMBER
        if len(self._pending) < springs_end:
            return None
        reply = Reply(
            verdict=VERDICTS[code],
            reason=_one_line(self._pending[error_end:reason_end]),
            error=_class_name(self._pending[REPLY.size : error_end]),
            joints=bytes(self._pending[reason_end:joints_end]),
            springs=bytes(self._pending[joints_end:springs_end]),
        )
        del self._pending[:springs_end]
        self._next_index += 1
        return reply


def _class_name(error: bytearray) -> str:
    name = error.decode(errors="replace")
    if name and not (name.isascii() and name.isidentifier()):
        raise MalformedReplyError("an error that is no class name")
    return name


def _one_line(reason: bytearray) -> str:
    # A program chooses its own exception texts: nothing in them may reach a terminal as a command.
    words = reason.decode(errors="replace").split()
    return "".join(c if c.isprintable() else "?" for c in " ".join(words))
