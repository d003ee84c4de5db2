"""The stream of operations to a page: numbered, each sent a few times and never stored.

The page assembles them itself, so that nothing is sent again when an answer grows. If it misses more of them than are
resent, because it was busy for a moment, it requests the whole conversation.
"""

import secrets
from collections import deque
from collections.abc import Sequence
from typing import TypedDict

from ui.chat.op_json import JsonObject, op_to_json
from ui.chat.operations import TranscriptOp

# Updates that a page may skip without a gap: a browser renders only the last of those that arrive together.
_RESENT_UPDATES = 4


class OpBatch(TypedDict):
    """Numbered operations; a new epoch restarts the numbers and begins with `open`."""

    epoch: str
    first: int
    ops: list[JsonObject]


EMPTY = OpBatch(epoch="", first=0, ops=[])


class OpStream:
    """The operations for one page, which ignores those for any other: `visit` is its id."""

    def __init__(self, visit: str = "") -> None:
        self._visit = visit
        self.is_open = False
        self._begin_epoch()

    def open_with(self, ops: Sequence[TranscriptOp]) -> OpBatch:
        """Start a new epoch, for another conversation or the same one from its beginning."""
        self._begin_epoch()
        self.is_open = True
        return self.append_ops(ops)

    def close(self) -> None:
        """Stop updates until the next conversation is open, so that none of its operations end up in this one."""
        self.is_open = False

    def append_ops(self, ops: Sequence[TranscriptOp]) -> OpBatch:
        """Add operations and return the update to send."""
        self._recent.append([op_to_json(op) for op in ops])
        self._next += len(ops)
        sent = [op for batch in self._recent for op in batch]
        return OpBatch(epoch=self._epoch, first=self._next - len(sent), ops=sent)

    def acknowledge_ops(self, epoch: str, number: int) -> OpBatch | None:
        """Drop the operations up to this number; return the update to send, or None if later ones are on their way."""
        if epoch != self._epoch or number < self._next:
            return None
        self._recent.clear()
        return OpBatch(epoch=self._epoch, first=self._next, ops=[])

    def _begin_epoch(self) -> None:
        self._epoch = f"{self._visit}.{secrets.token_hex(4)}"
        self._next = 0
        self._recent: deque[list[JsonObject]] = deque(maxlen=_RESENT_UPDATES)
