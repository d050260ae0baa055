"""Where the time of a step goes."""

import time


class Stopwatch:
    """Seconds of consecutive parts of a whole, as `PART_seconds`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, part: str) -> None:
        """Ends a part, which began where the one before ended."""
        now = time.monotonic()
        self.seconds[f"{part}_seconds"] = now - self._last
        self._last = now
