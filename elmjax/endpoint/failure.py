"""Why a request gave no answer: expected failures of an endpoint, counted and shown."""

from enum import StrEnum


class Failure(StrEnum):
    """One reason for which a request was not answered."""

    UNREACHABLE = "unreachable"  # no connection, or one that broke
    TIMEOUT = "timeout"  # the answer was not whole in time
    RATE_LIMITED = "rate_limited"  # 429: asked too often
    SERVER_ERROR = "server_error"  # 5xx, and what servers say while they start or are busy
    UNREADABLE = "unreadable"  # not the JSON of an answer, or too much of it
    REFUSED = "refused"  # another 4xx: this request, such as a prompt that is too long
    DENIED = "denied"  # key, address or model are wrong: no request will be answered

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered later."""
        return self not in (Failure.REFUSED, Failure.DENIED)


# 402: no money left; 405: not an address of this kind.
_DENIED = frozenset((401, 402, 403, 404, 405))
_BUSY = frozenset((408, 409, 425))


def of_status(status: int) -> Failure | None:
    """What a status code says; None for success."""
    if 200 <= status < 300:
        return None
    if status == 429:
        return Failure.RATE_LIMITED
    if status in _BUSY or status >= 500:
        return Failure.SERVER_ERROR
    # A redirect would carry the key to another place; it is not followed.
    return Failure.DENIED if status in _DENIED or status < 400 else Failure.REFUSED
