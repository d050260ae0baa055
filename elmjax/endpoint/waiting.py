"""How long to wait before a request is sent again."""

import math
import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def backoff(retry: int, first: float, longest: float, rng: random.Random) -> float:
    """Seconds before a retry: doubled each time, and spread, so that requests do not come at once.

    Args:
        retry: From 0.
        first: Seconds before the first one, about.
        longest: Seconds, at most.
        rng: Spreads it, between half and whole.
    """
    # Beyond 2 ** 32 any wait is the longest.
    return min(longest, first * 2.0 ** min(retry, 32)) * (0.5 + 0.5 * rng.random())


def asked_wait(header: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` asks for, as a number or a date; None where it says nothing."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        # A date without a zone is in GMT, as all of HTTP's are.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return None if math.isnan(seconds) else max(0.0, seconds)
