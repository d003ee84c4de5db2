"""Background requests to the API that release the page's lock, so that a slow server blocks nothing else."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from ui.state.session import Session, client_for, report_error

T = TypeVar("T")


class ApiRequests(rx.State, mixin=True):
    """A mixin for API calls in background handlers. Of several replies about one topic only the newest is shown."""

    # Topics with a pending request; `_asked` counts the requests of each.
    waiting: list[str] = []

    _asked: dict[str, int] = {}
    _complaints: dict[str, str] = {}

    async def _call_api(
        self,
        topic: str,
        request: Callable[[AsyncDesk], Awaitable[T]],
        on_reply: Callable[[T], None] | None = None,
        on_refused: Callable[[ClientError], None] | None = None,
    ) -> T | None:
        """Return the reply, or None if it failed or is superseded.

        `on_reply` and `on_refused` run with the lock held.
        """
        async with self:
            number, client = self._discard_replies(topic), client_for(await self.get_state(Session))
            self.waiting = sorted({*self.waiting, topic})
        answer: T | ClientError
        async with client as desk:
            try:
                answer = await request(desk)
            except ClientError as error:
                answer = error
        async with self:
            if self._asked.get(topic) != number:
                return None
            self.waiting = [one for one in self.waiting if one != topic]
            session = await self.get_state(Session)
            if isinstance(answer, ClientError):
                self._report_refusal(session, topic, answer, on_refused)
                return None
            # Success clears the topic's own error.
            if session.trouble == self._complaints.pop(topic, ""):
                session.trouble = ""
            if on_reply:
                on_reply(answer)
            return answer

    def _discard_replies(self, topic: str) -> int:
        """Mark pending replies about the topic as out of date."""
        number = self._asked[topic] = self._asked.get(topic, 0) + 1
        self.waiting = [one for one in self.waiting if one != topic]
        return number

    def _report_refusal(
        self, session: Session, topic: str, error: ClientError, on_refused: Callable[[ClientError], None] | None
    ) -> None:
        if on_refused and error.code != "key_refused":
            on_refused(error)
            return
        report_error(session, error)
        self._complaints[topic] = session.trouble
