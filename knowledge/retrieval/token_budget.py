"""How much evidence whoever reads it has room for, in tokens that nobody has counted."""

import math
import string
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

# How many bytes make a token: of words and the space between them, of digits and signs, and of what is not ASCII. With
# these, English documents and tables of numbers are taken for no fewer tokens than a small vocabulary makes of them.
_PLAIN_BYTES, _SIGN_BYTES, _OTHER_BYTES = 4, 0.9, 3
_PLAIN = (string.ascii_letters + string.whitespace).encode()
_ASCII = bytes(range(128))
# What stands around a source in a prompt, besides its text, its title and its section.
_AROUND_TOKENS = 20


class Readable(Protocol):
    """A passage or a document, as a reader is shown it."""

    @property
    def title(self) -> str: ...

    @property
    def section(self) -> str: ...

    @property
    def text(self) -> str: ...


def about_tokens(text: str) -> int:
    """How many tokens a text is, rather more than fewer."""
    written = text.encode(errors="replace")
    not_plain, other = len(written.translate(None, _PLAIN)), len(written.translate(None, _ASCII))
    plain, signs = len(written) - not_plain, not_plain - other
    return math.ceil(plain / _PLAIN_BYTES + signs / _SIGN_BYTES + other / _OTHER_BYTES)


@dataclass(frozen=True)
class Room:
    """So many tokens; `limit` says in words what they are what is left of."""

    tokens: float = math.inf
    limit: str = ""

    def holds(self, pieces: Iterable[Readable]) -> bool:
        """Whether there is room for all of them."""
        return sum(map(_size, pieces)) <= self.tokens

    def after(self, pieces: Iterable[Readable]) -> "Room":
        """What is left of it behind them."""
        return replace(self, tokens=self.tokens - sum(map(_size, pieces)))


BOUNDLESS = Room()


def _size(piece: Readable) -> int:
    return sum(map(about_tokens, (piece.title, piece.section, piece.text))) + _AROUND_TOKENS
