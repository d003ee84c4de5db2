"""The token budget of a prompt's evidence, in tokens that are estimated and not counted."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from knowledge.text.token_estimate import estimate_tokens

# The overhead of a source in a prompt, besides its text, its title and its section.
_SOURCE_TOKENS = 20


class Readable(Protocol):
    """A passage or a document as it appears in a prompt."""

    @property
    def title(self) -> str: ...

    @property
    def section(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class TokenBudget:
    """A number of tokens that remain; `limit` names in words the limit that they remain of."""

    tokens: float = math.inf
    limit: str = ""

    def holds(self, pieces: Iterable[Readable]) -> bool:
        """Tell whether the budget covers all of the pieces."""
        return sum(map(_estimate_size, pieces)) <= self.tokens

    def after(self, pieces: Iterable[Readable]) -> "TokenBudget":
        """Return the budget that remains after the pieces."""
        return replace(self, tokens=self.tokens - sum(map(_estimate_size, pieces)))

    def share(self, count: int) -> "TokenBudget":
        """Return an equal share of the budget for each of so many."""
        return replace(self, tokens=self.tokens / count)


BOUNDLESS = TokenBudget()


def _estimate_size(piece: Readable) -> int:
    return sum(map(estimate_tokens, (piece.title, piece.section, piece.text))) + _SOURCE_TOKENS
