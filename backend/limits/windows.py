"""Counting over a moving window, by elapsed time and not by the machine's clock."""

from collections import OrderedDict, deque
from collections.abc import Callable


class MovingWindow:
    """A limit of hits per name in any period of some seconds, which drops the least recently used of too many names."""

    def __init__(self, amount: int, seconds: float, elapsed: Callable[[], float], most_names: int = 10_000) -> None:
        self._amount = amount
        self._seconds = seconds
        self._elapsed = elapsed
        self._most_names = most_names
        # The most recently used name is at the end.
        self._hits: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._hits)

    def count_hit(self, name: str) -> float:
        """Count a hit and return 0, or count nothing and return the seconds until there is room for it."""
        now = self._elapsed()
        hits = self._hits.get(name, deque())
        while hits and hits[0] <= now - self._seconds:
            hits.popleft()
        if len(hits) >= self._amount:
            return (hits[0] if hits else now) + self._seconds - now
        hits.append(now)
        self._hits[name] = hits
        self._hits.move_to_end(name)
        self._drop_expired(now - self._seconds)
        return 0.0

    def _drop_expired(self, until: float) -> None:
        """Drop the names whose last hit has left the window, and the oldest beyond the maximum."""
        while self._hits:
            name, hits = next(iter(self._hits.items()))
            if hits[-1] > until and len(self._hits) <= self._most_names:
                return
            del self._hits[name]
