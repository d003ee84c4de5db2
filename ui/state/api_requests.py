"""How the parts of a page ask the desk: with the page's lock let go, so that a slow desk stops nothing else."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import DeskError
from ui.state.session import Session, desk_of, refuse

T = TypeVar("T")


class Asking(rx.State, mixin=True):
    """A part of a page whose handlers ask in the background. Of several answers about the same the newest is shown."""

    # What is being asked about; `_asked` counts how often it was.
    waiting: list[str] = []

    _asked: dict[str, int] = {}
    _complaints: dict[str, str] = {}

    async def _ask(
        self,
        about: str,
        question: Callable[[AsyncDesk], Awaitable[T]],
        show: Callable[[T], None] | None = None,
        refused: Callable[[DeskError], None] | None = None,
    ) -> T | None:
        """The answer, unless there is none or nobody wants it any more. `show` and `refused` have the lock."""
        async with self:
            number, client = self._supersede(about), desk_of(await self.get_state(Session))
            self.waiting = sorted({*self.waiting, about})
        answer: T | DeskError
        async with client as desk:
            try:
                answer = await question(desk)
            except DeskError as error:
                answer = error
        async with self:
            if self._asked.get(about) != number:
                return None
            self.waiting = [one for one in self.waiting if one != about]
            session = await self.get_state(Session)
            if isinstance(answer, DeskError):
                self._refuse(session, about, answer, refused)
                return None
            # What was wrong with it is wrong no more.
            if session.trouble == self._complaints.pop(about, ""):
                session.trouble = ""
            if show:
                show(answer)
            return answer

    def _supersede(self, about: str) -> int:
        """Nobody wants an older answer about it any more."""
        number = self._asked[about] = self._asked.get(about, 0) + 1
        self.waiting = [one for one in self.waiting if one != about]
        return number

    def _refuse(
        self, session: Session, about: str, error: DeskError, refused: Callable[[DeskError], None] | None
    ) -> None:
        if refused and error.code != "key_refused":
            refused(error)
            return
        refuse(session, error)
        self._complaints[about] = session.trouble
