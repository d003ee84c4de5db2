"""What is kept of open pages: as long as their socket is open, and a little longer for one that lost it."""

import time
from collections.abc import Callable, Collection
from typing import TypeVar

from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import StateToken

T = TypeVar("T")

# A page that is loaded again, or whose network stumbles, finds its state; one that was closed leaves nothing behind.
SECONDS_AFTER = 120
MOST_PAGES = 2_000
# Of pages without a socket. Whoever opens one after the other keeps no more of the desk than these.
MOST_CLOSED = 500


class OpenPages(StateManagerMemory):
    """Reflex's own manager forgets a page an hour after its last word, open or not, and keeps any number of them."""

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
        """Where there are too many: of the pages without a socket, the one last heard of the longest ago."""
        is_open = self._open_pages()
        if len(self.states) < MOST_PAGES and len(self.states) - len(is_open) < MOST_CLOSED:
            return
        closed = [(at, token) for at, token in self._token_expires_at.values() if token.ident not in is_open]
        if closed:
            self._purge_token(min(closed, key=lambda one: one[0])[1])
