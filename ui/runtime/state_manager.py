"""The memory of open pages: kept while their socket is open, and a little longer after it was lost."""

import time
from collections.abc import Callable, Collection
from typing import TypeVar

from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import StateToken

T = TypeVar("T")

# Long enough for a reload or a network glitch; the state of a closed page does not linger.
SECONDS_AFTER = 120
MOST_PAGES = 2_000
# Pages without a socket. A client that opens one page after another occupies no more than these.
MOST_CLOSED = 500


class OpenPages(StateManagerMemory):
    """A bounded state manager. Reflex's keeps any number of pages, open or not, for an hour after their last event."""

    def __init__(self, open_pages: Callable[[], Collection[str]]) -> None:
        super().__init__(token_expiration=SECONDS_AFTER)
        self._open_pages = open_pages

    def _purge_expired_tokens(self) -> float | None:
        is_open, later = self._open_pages(), time.time() + self.token_expiration
        for key, (_, token) in list(self._token_expires_at.items()):
            if token.ident in is_open:
                self._token_expires_at[key] = (later, token)
        return super()._purge_expired_tokens()

    def _get_or_create_state(self, token: StateToken[T]) -> T:
        if token.cache_key not in self.states:
            self._forget_oldest()
        return super()._get_or_create_state(token)

    def _forget_oldest(self) -> None:
        """Evict, if there are too many pages, the one without a socket that was silent the longest."""
        is_open = self._open_pages()
        if len(self.states) < MOST_PAGES and len(self.states) - len(is_open) < MOST_CLOSED:
            return
        closed = [(at, token) for at, token in self._token_expires_at.values() if token.ident not in is_open]
        if closed:
            self._purge_token(min(closed, key=lambda one: one[0])[1])
