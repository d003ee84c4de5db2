"""The token budget of a prompt's evidence, in tokens that are estimated and not counted."""

import math
import string
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

# Bytes per token: of words and the space between them, of digits and punctuation, and of non-ASCII text. With these,
# the estimate for English documents and tables of numbers is never below the count of a small-vocabulary tokenizer.
_PLAIN_BYTES, _SIGN_BYTES, _OTHER_BYTES = 4, 0.9, 3
_PLAIN = (string.ascii_letters + string.whitespace).encode()
_ASCII = bytes(range(128))
# The overhead of a source in a prompt, besides its text, its title and its section.
_AROUND_TOKENS = 20


class Readable(Protocol):
    """A passage or a document as it appears in a prompt."""

    @property
    def title(self) -> str: ...

    @property
    def section(self) -> str: ...

    @property
    def text(self) -> str: ...


def about_tokens(text: str) -> int:
    """Estimate the number of tokens of a text, erring on the high side."""
    written = text.encode(errors="replace")
    not_plain, other = len(written.translate(None, _PLAIN)), len(written.translate(None, _ASCII))
    plain, signs = len(written) - not_plain, not_plain - other
    return math.ceil(plain / _PLAIN_BYTES + signs / _SIGN_BYTES + other / _OTHER_BYTES)


@dataclass(frozen=True)
class TokenBudget:
    """A number of tokens that remain; `limit` names in words the limit that they remain of."""

    tokens: float = math.inf
    limit: str = ""

    def holds(self, pieces: Iterable[Readable]) -> bool:
        """Tell whether the budget covers all of the pieces."""
        return sum(map(_size, pieces)) <= self.tokens

    def after(self, pieces: Iterable[Readable]) -> "TokenBudget":
        """Return the budget that remains after the pieces."""
        return replace(self, tokens=self.tokens - sum(map(_size, pieces)))


BOUNDLESS = TokenBudget()


def _size(piece: Readable) -> int:
    return sum(map(about_tokens, (piece.title, piece.section, piece.text))) + _AROUND_TOKENS
