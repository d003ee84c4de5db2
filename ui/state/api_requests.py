"""Background requests to the API that release the page's lock, so that a slow server blocks nothing else."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from ui.state.session import Session, desk_of, refuse

T = TypeVar("T")


class ApiRequests(rx.State, mixin=True):
    """A mixin for API calls in background handlers. Of several replies about one topic only the newest is shown."""

    # Topics with a pending request; `_asked` counts the requests of each.
    waiting: list[str] = []

    _asked: dict[str, int] = {}
    _complaints: dict[str, str] = {}

    async def _ask(
        self,
        about: str,
        question: Callable[[AsyncDesk], Awaitable[T]],
        show: Callable[[T], None] | None = None,
        refused: Callable[[ClientError], None] | None = None,
    ) -> T | None:
        """Return the reply, or None if it failed or is superseded. `show` and `refused` run with the lock held."""
        async with self:
            number, client = self._supersede(about), desk_of(await self.get_state(Session))
            self.waiting = sorted({*self.waiting, about})
        answer: T | ClientError
        async with client as desk:
            try:
                answer = await question(desk)
            except ClientError as error:
                answer = error
        async with self:
            if self._asked.get(about) != number:
                return None
            self.waiting = [one for one in self.waiting if one != about]
            session = await self.get_state(Session)
            if isinstance(answer, ClientError):
                self._refuse(session, about, answer, refused)
                return None
            # Success clears the topic's own error.
            if session.trouble == self._complaints.pop(about, ""):
                session.trouble = ""
            if show:
                show(answer)
            return answer

    def _supersede(self, about: str) -> int:
        """Mark pending replies about the topic as out of date."""
        number = self._asked[about] = self._asked.get(about, 0) + 1
        self.waiting = [one for one in self.waiting if one != about]
        return number

    def _refuse(
        self, session: Session, about: str, error: ClientError, refused: Callable[[ClientError], None] | None
    ) -> None:
        if refused and error.code != "key_refused":
            refused(error)
            return
        refuse(session, error)
        self._complaints[about] = session.trouble
