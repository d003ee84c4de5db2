"""The operations that update the transcript on a page: numbered, each sent a few times and never stored.

The page assembles them itself, so that nothing is sent again when an answer grows. If it misses more of them than are
resent, because it was busy for a moment, it requests the whole conversation.
"""

import secrets
from collections import deque
from collections.abc import Sequence
from typing import Any, TypedDict

Op = dict[str, Any]

# Updates that a page may skip without a gap: a browser renders only the last of those that arrive together.
_REACH = 4


class OpBatch(TypedDict):
    """Numbered operations; a new epoch restarts the numbers and begins with `open`."""

    epoch: str
    first: int
    ops: list[Op]


EMPTY = OpBatch(epoch="", first=0, ops=[])


class OpStream:
    """The operations for one page, which ignores those for any other: `visit` is its id."""

    def __init__(self, visit: str = "") -> None:
        self._visit = visit
        self.is_open = False
        self._begin()

    def open(self, ops: Sequence[Op]) -> OpBatch:
        """Start a new epoch, for another conversation or the same one from its beginning."""
        self._begin()
        self.is_open = True
        return self.tell(ops)

    def close(self) -> None:
        """Stop updates until the next conversation is open, so that none of its operations end up in this one."""
        self.is_open = False

    def tell(self, ops: Sequence[Op]) -> OpBatch:
        """Add operations and return the update to send."""
        self._last.append(list(ops))
        self._next += len(ops)
        sent = [op for batch in self._last for op in batch]
        return OpBatch(epoch=self._epoch, first=self._next - len(sent), ops=sent)

    def seen(self, epoch: str, number: int) -> OpBatch | None:
        """Drop the operations that the page has acknowledged up to this number."""
        if epoch != self._epoch or number < self._next:
            return None
        self._last.clear()
        return OpBatch(epoch=self._epoch, first=self._next, ops=[])

    def _begin(self) -> None:
        self._epoch = f"{self._visit}.{secrets.token_hex(4)}"
        self._next = 0
        self._last: deque[list[Op]] = deque(maxlen=_REACH)
