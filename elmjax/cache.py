"""What has been computed before, up to a number of entries: the least recently used goes first."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Values by key, with a count of how often asking was enough; threads may share one."""

    def __init__(self, entries: int) -> None:
        """An empty cache.

        Args:
            entries: Values kept at most; with 0 nothing is.
        """
        if entries < 0:
            raise ValueError(f"Cache: got entries={entries}, want at least 0")
        self._entries = entries
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()
        self.asked = 0
        self.found = 0

    def __len__(self) -> int:
        return len(self._values)

    def find(self, keys: Iterable[K]) -> dict[K, V]:
        """The values that are there, of some of the keys.

        A key that is asked for several times counts as found from the second time on: whoever asks
        computes each missing value once.
        """
        found: dict[K, V] = {}
        asked: set[K] = set()
        with self._lock:
            for key in keys:
                self.asked += 1
                if key in self._values:
                    self._values.move_to_end(key)
                    found[key] = self._values[key]
                self.found += key in found or key in asked
                asked.add(key)
        return found

    def keep(self, key: K, value: V) -> None:
        """Keeps a value, in place of the least recently used one where the cache is full."""
        if self._entries == 0:
            return
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._entries:
                self._values.popitem(last=False)

    def take_rate(self) -> float:
        """Share of the keys asked for since the last call that were found; 0 where none was."""
        with self._lock:
            rate = self.found / self.asked if self.asked else 0.0
            self.asked = self.found = 0
        return rate

    def forget(self, key: K) -> None:
        """Forgets a value that turned out to be wrong."""
        with self._lock:
            self._values.pop(key, None)
