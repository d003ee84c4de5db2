"""The state of the chat page: ask, stop, ask again, and show the history."""

import logging
import secrets
from contextlib import aclosing
from typing import Any

import reflex as rx

from frontdesk.client.errors import ClientError
from frontdesk.contracts.resources import SUPERVISOR
from ui.chat import history, transcript_ops
from ui.chat.ask import PendingQuestion, answered, stop
from ui.chat.conversation import PageConversation, PageQuestion, has_room, path_of
from ui.chat.op_stream import EMPTY, Op, OpBatch, OpStream
from ui.runtime import api
from ui.state.session import Session, desk_of, known_as, refuse

_LOG = logging.getLogger(__name__)
_LONGEST_NAME = 200  # of a session or an agent; no desk issues longer ones
FIELD = "message"  # the input for questions
_LOST = "The answer was lost on its way to this page. Load the page again to see what became of it."


class Chat(rx.State):
    """The conversation of one page. The browser keeps its text; the server holds only what is in transit."""

    session_id: str = ""
    agent: str = ""
    busy: bool = False
    # Questions sent while an answer is in progress, asked after it.
    next: list[str] = []
    feed: OpBatch = EMPTY

    _feed: OpStream = OpStream()
    _talk: PageConversation = PageConversation()
    # Conversations that the page has left before all of their questions were answered.
    _away: dict[tuple[str, str], PageConversation] = {}

    @property
    def talk(self) -> PageConversation:
        """The conversation on the page."""
        return self._talk

    @rx.var
    def path(self) -> str:
        """The path of the conversation."""
        return path_of(self.session_id, self.agent)

    @rx.var
    def message_chars(self) -> int:
        """The longest question that the page sends: its socket carries no longer one."""
        return api.message_chars()

    # Not in the background: switches apply in the order of the page's events, and before its next question.
    @rx.event
    def open(self, visit: str, session_id: str, agent: str) -> Any:
        """Open the conversation that the address names, on a page that was just loaded or navigated."""
        self._feed = OpStream(str(visit)[:32])
        return self._turn_to(str(session_id)[:_LONGEST_NAME], str(agent)[:_LONGEST_NAME])

    @rx.event
    def begin_new(self) -> Any:
        """Start an empty conversation; the page updates its address."""
        return self._turn_to("", self._talk.agent)

    @rx.event
    def choose_agent(self, agent: str) -> Any:
        """Choose the supervisor or one agent; each has its own conversation under the session's name."""
        return self._turn_to(self._talk.session_id, "" if agent == SUPERVISOR else agent)

    @rx.event(background=True)
    async def show(self) -> None:
        """Load and show the whole conversation, after a switch or missed operations, and ask its queued questions."""
        async with self:
            talk = self._talk
        await self._load(talk)
        await self._go_on(talk)

    @rx.event(background=True)
    async def show_older(self, earlier: int) -> None:
        """Show the messages before those on the page."""
        async with self:
            talk, feed, desk = self._talk, self._feed, desk_of(await self.get_state(Session))
        try:
            async with desk:
                turns, before = await history.before(desk, talk, int(earlier))
        except ClientError as error:
            await self._complain(error)
            return
        async with self:
            if feed is self._feed and talk is self._talk and feed.is_open:
                self.feed = feed.tell([transcript_ops.older(turns, int(earlier), before)])

    @rx.event(background=True)
    async def look_up(self, run_id: str) -> None:
        """Show the trace of a stored answer."""
        async with self:
            feed, desk = self._feed, desk_of(await self.get_state(Session))
        try:
            async with desk:
                op = await history.how(desk, run_id)
        except ClientError as error:
            await self._complain(error)
            return
        async with self:
            if feed is self._feed and feed.is_open:
                self.feed = feed.tell([op])

    @rx.event
    def seen(self, epoch: str, number: int) -> None:
        """Drop the operations that the page has acknowledged."""
        if (told := self._feed.seen(epoch, number)) is not None:
            self.feed = told
            if not self._talk.is_under_way:
                self._talk.told.clear()

    @rx.event
    async def send(self, form: dict[str, str]) -> Any:
        """Ask the question that the user has written."""
        return await self._ask(PageQuestion(str(form.get("message", ""))))

    @rx.event
    async def ask(self, message: str) -> Any:
        """Ask one of the suggested questions of the empty page."""
        return await self._ask(PageQuestion(message))

    @rx.event
    async def ask_again(self) -> Any:
        """Ask the last question again, in place of its answer."""
        return await self._ask(PageQuestion(self._talk.asked, instead=True))

    @rx.event
    async def edit(self, message: str) -> Any:
        """Ask an edited version of the last question in its place."""
        return await self._ask(PageQuestion(message, instead=True))

    @rx.event(background=True)
    async def go_on(self, session_id: str, agent: str) -> None:
        """Ask the queued questions of a conversation, which may no longer be on the page."""
        async with self:
            talk = self._away.get((session_id, agent), self._talk)
        await self._go_on(talk)

    @rx.event
    def handed_over(self, session_id: str, agent: str) -> None:
        """Show that a person has been requested in a conversation."""
        if self._talk.name == (session_id, agent):
            self._tell(self._talk, [transcript_ops.handed_over()])

    @rx.event(background=True)
    async def stop(self) -> None:
        """Stop the answer in progress."""
        async with self:
            talk, desk = self._talk, desk_of(await self.get_state(Session))
            talk.stopping.set()
            # Read under the lock: by the time of the request the next answer may be in progress.
            run_id = talk.run_id if talk.is_under_way else ""
        async with desk:
            if run_id:
                await stop(desk, run_id)

    @rx.event(background=True)
    async def rate(self, run_id: str, rating: str, comment: str) -> None:
        """Rate an answer as helpful or not."""
        async with self:
            desk = desk_of(await self.get_state(Session))
        async with desk:
            try:
                await desk.feedback(run_id, "up" if rating == "up" else "down", comment)
            except ClientError as error:
                await self._complain(error)

    async def _ask(self, question: PageQuestion) -> Any:
        question = question._replace(text=question.text.strip())
        if not question.text:
            return None
        if not has_room(question, [self._talk, *self._away.values()]) or not self._talk.ask(question):
            full = "So many questions wait already; send this one once some are answered."
            return None if question.instead else [Session.complain(full), rx.set_value(FIELD, question.text)]
        if self._talk.is_loaded and not self._talk.session_id:
            # A name keeps it in `_away` if the page leaves before the question is asked.
            self._talk.session_id = await self._new_name()
        self._mirror()
        return Chat.go_on(*self._talk.name)

    async def _new_name(self) -> str:
        return f"web-{known_as(await self.get_state(Session))}-{secrets.token_hex(8)}"

    def _turn_to(self, session_id: str, agent: str) -> Any:
        """Switch to another conversation, or reload the same one; questions of the previous one are still answered."""
        if self._talk.name != (session_id, agent):
            if self._talk.session_id and not self._talk.is_idle:
                self._away[self._talk.name] = self._talk
            held = self._away.pop((session_id, agent), None)
            self._talk = self._talk.turned_to(held or PageConversation(session_id, agent))
            self._feed.close()
        self._mirror()
        return Chat.show

    async def _load(self, talk: PageConversation) -> None:
        """Load the stored history and the answer in progress as far as it has come."""
        while not await self._read(talk):
            pass

    async def _read(self, talk: PageConversation) -> bool:
        """Read the history; return False if it is out of date because an answer has started meanwhile."""
        async with self:
            begun, desk = talk.begun, desk_of(await self.get_state(Session))
        found: history.HistoryPage | None = None
        try:
            async with desk:
                found = await history.last_of(desk, talk)
        except ClientError as error:
            await self._complain(error)
        async with self:
            if begun != talk.begun:
                return False
            stored = talk.load(found.turns) if found else []
            if talk is self._talk:
                name, earlier = (talk.session_id, talk.agent), found.earlier if found else 0
                opened = transcript_ops.opened(*name, stored, earlier) if found else transcript_ops.unread(*name)
                self.feed = self._feed.open([opened, *talk.told])
                self._mirror()
        return True

    async def _go_on(self, talk: PageConversation) -> None:
        while True:
            async with self:
                asking = await self._begin(talk)
            if asking is None:
                return
            try:
                stands = await self._hear(talk, asking)
            finally:
                async with self:
                    self._end(talk)
            if not stands:
                await self._load(talk)

    async def _begin(self, talk: PageConversation) -> PendingQuestion | None:
        if (begun := talk.begin()) is None:
            self._mirror()
            return None
        question, replaced = begun
        session = await self.get_state(Session)
        talk.session_id = talk.session_id or await self._new_name()
        withdrawn = [transcript_ops.withdrawn()] if question.instead else []
        asked = transcript_ops.asked(question.text, talk.session_id, talk.agent)
        self._tell(talk, [*withdrawn, asked, transcript_ops.waiting(session.streams)])
        return PendingQuestion(question, replaced, desk_of(session), session.streams)

    async def _hear(self, talk: PageConversation, asking: PendingQuestion) -> bool:
        """Stream the answer to the page; return False if the page must reload the conversation."""
        told = answered(asking, talk)
        try:
            async with aclosing(told):
                async for ops in told:
                    async with self:
                        self._tell(talk, ops)
        except ClientError as error:
            if asking.replaced and not talk.run_id:
                # Refused: the question that it should have replaced is still there.
                await self._complain(error)
                async with self:
                    talk.told.clear()
                return False
            async with self:
                self._tell(talk, [transcript_ops.failed(error.code, error.message, retryable=error.retryable)])
        except Exception:  # noqa: BLE001 - the edge: unexpected errors must end the answer, too
            _LOG.exception("an answer was lost on its way to its page")
            async with self:
                self._tell(talk, [transcript_ops.failed("page_failed", _LOST, retryable=True)])
        return True

    def _tell(self, talk: PageConversation, ops: list[Op]) -> None:
        talk.take(ops)
        if talk is self._talk and self._feed.is_open:
            self.feed = self._feed.tell(ops)
            self._mirror()

    def _end(self, talk: PageConversation) -> None:
        talk.end()
        if talk is not self._talk and talk.is_idle:
            self._away.pop(talk.name, None)
        self._mirror()

    def _mirror(self) -> None:
        talk = self._talk
        shown = {"session_id": talk.session_id, "agent": talk.agent, "busy": talk.is_under_way}
        # Every assignment is sent to the page, and this runs with every token.
        for name, value in (shown | {"next": [question.text for question in talk.waiting]}).items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    async def _complain(self, error: ClientError) -> None:
        async with self:
            refuse(await self.get_state(Session), error)
