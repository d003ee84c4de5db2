"""What the transcript on a page is told: numbered operations, each sent a few times and never kept.

The page puts them together itself, so that nothing is sent again when an answer grows. Should it miss more of them than
are sent again, because it was busy for a moment, it asks for the whole conversation.
"""

import secrets
from collections import deque
from collections.abc import Sequence
from typing import Any, TypedDict

Op = dict[str, Any]

# Updates that a page may pass over and still be told all: a browser shows only the last of those that come at once.
_REACH = 4


class Told(TypedDict):
    """Operations with their numbers; another epoch counts anew and begins with `open`."""

    epoch: str
    first: int
    ops: list[Op]


EMPTY = Told(epoch="", first=0, ops=[])


class Feed:
    """The operations of one page, which takes no other's: `visit` is what it calls itself."""

    def __init__(self, visit: str = "") -> None:
        self._visit = visit
        self.is_open = False
        self._begin()

    def open(self, ops: Sequence[Op]) -> Told:
        """Another conversation, or the same one from the beginning."""
        self._begin()
        self.is_open = True
        return self.tell(ops)

    def close(self) -> None:
        """Another conversation is to come, and what belongs to it is not to be told in this one."""
        self.is_open = False

    def tell(self, ops: Sequence[Op]) -> Told:
        """What to send now."""
        self._last.append(list(ops))
        self._next += len(ops)
        sent = [op for batch in self._last for op in batch]
        return Told(epoch=self._epoch, first=self._next - len(sent), ops=sent)

    def seen(self, epoch: str, number: int) -> Told | None:
        """The page has all up to that number: what it needs no more is not kept."""
        if epoch != self._epoch or number < self._next:
            return None
        self._last.clear()
        return Told(epoch=self._epoch, first=self._next, ops=[])

    def _begin(self) -> None:
        self._epoch = f"{self._visit}.{secrets.token_hex(4)}"
        self._next = 0
        self._last: deque[list[Op]] = deque(maxlen=_REACH)
