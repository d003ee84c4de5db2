"""The state of the chat page: ask, stop, ask again, and show the history."""

import logging
import secrets
from contextlib import aclosing
from typing import Any

import reflex as rx

from frontdesk.client.errors import ClientError
from frontdesk.contracts.resources import SUPERVISOR
from ui.chat import history
from ui.chat.ask import PendingQuestion, cancel_run, stream_answer
from ui.chat.conversation import PageConversation, PageQuestion, may_queue, page_path
from ui.chat.op_stream import EMPTY, OpBatch, OpStream
from ui.chat.operations import AnswerFailed, ConversationOpened, HandoffRequested, OlderMessagesAdded, TranscriptOp
from ui.chat.transcript_ops import ops_for_question
from ui.runtime import api
from ui.state.session import Session, browser_id, client_for, report_error

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
    _conversation: PageConversation = PageConversation()
    # Conversations that the page has left before all of their questions were answered.
    _away: dict[tuple[str, str], PageConversation] = {}

    @property
    def conversation(self) -> PageConversation:
        """The conversation on the page."""
        return self._conversation

    @rx.var
    def path(self) -> str:
        """The path of the conversation."""
        return page_path(self.session_id, self.agent)

    @rx.var
    def message_chars(self) -> int:
        """The longest question that the page sends: its socket carries no longer one."""
        return api.message_chars()

    # Not in the background: switches apply in the order of the page's events, and before its next question.
    @rx.event
    def open_conversation(self, visit: str, session_id: str, agent: str) -> Any:
        """Open the conversation that the address names, on a page that was just loaded or navigated."""
        self._feed = OpStream(str(visit)[:32])
        return self._switch_to(str(session_id)[:_LONGEST_NAME], str(agent)[:_LONGEST_NAME])

    @rx.event
    def start_new(self) -> Any:
        """Start an empty conversation; the page updates its address."""
        return self._switch_to("", self._conversation.agent)

    @rx.event
    def choose_agent(self, agent: str) -> Any:
        """Choose the supervisor or one agent; each has its own conversation under the session's name."""
        return self._switch_to(self._conversation.session_id, "" if agent == SUPERVISOR else agent)

    @rx.event(background=True)
    async def show_conversation(self) -> None:
        """Load and show the whole conversation, after a switch or missed operations, and ask its queued questions."""
        async with self:
            conversation = self._conversation
        await self._load_history(conversation)
        await self._ask_queue(conversation)

    @rx.event(background=True)
    async def show_older(self, earlier: int) -> None:
        """Show the messages before those on the page."""
        async with self:
            conversation, feed, desk = self._conversation, self._feed, client_for(await self.get_state(Session))
        try:
            async with desk:
                messages, before = await history.earlier_messages(desk, conversation, int(earlier))
        except ClientError as error:
            await self._report_error(error)
            return
        async with self:
            if feed is self._feed and conversation is self._conversation and feed.is_open:
                self.feed = feed.append_ops([OlderMessagesAdded(messages, int(earlier), before)])

    @rx.event(background=True)
    async def show_trace(self, run_id: str) -> None:
        """Show the trace of a stored answer."""
        async with self:
            feed, desk = self._feed, client_for(await self.get_state(Session))
        try:
            async with desk:
                trace = await history.read_trace(desk, run_id)
        except ClientError as error:
            await self._report_error(error)
            return
        async with self:
            if feed is self._feed and feed.is_open:
                self.feed = feed.append_ops([trace])

    @rx.event
    def acknowledge_ops(self, epoch: str, number: int) -> None:
        """Drop the operations that the page has acknowledged."""
        if (update := self._feed.acknowledge_ops(epoch, number)) is not None:
            self.feed = update
            if not self._conversation.is_under_way:
                self._conversation.answer_ops.clear()

    @rx.event
    async def send_message(self, form: dict[str, str]) -> Any:
        """Ask the question that the user has written."""
        return await self._enqueue_question(PageQuestion(str(form.get("message", ""))))

    @rx.event
    async def ask_suggested(self, message: str) -> Any:
        """Ask one of the suggested questions of the empty page."""
        return await self._enqueue_question(PageQuestion(message))

    @rx.event
    async def ask_again(self) -> Any:
        """Ask the last question again, in place of its answer."""
        return await self._enqueue_question(PageQuestion(self._conversation.last_question, replaces_last=True))

    @rx.event
    async def edit_question(self, message: str) -> Any:
        """Ask an edited version of the last question in its place."""
        return await self._enqueue_question(PageQuestion(message, replaces_last=True))

    @rx.event(background=True)
    async def ask_queued(self, session_id: str, agent: str) -> None:
        """Ask the queued questions of a conversation, which may no longer be on the page."""
        async with self:
            conversation = self._away.get((session_id, agent), self._conversation)
        await self._ask_queue(conversation)

    @rx.event
    def show_handed_over(self, session_id: str, agent: str) -> None:
        """Show that a person has been requested in a conversation."""
        if self._conversation.key == (session_id, agent):
            self._send_ops(self._conversation, [HandoffRequested()])

    @rx.event(background=True)
    async def stop_answer(self) -> None:
        """Stop the answer in progress."""
        async with self:
            conversation, desk = self._conversation, client_for(await self.get_state(Session))
            conversation.stop_requested.set()
            # Read under the lock: by the time of the request the next answer may be in progress.
            run_id = conversation.run_id if conversation.is_under_way else ""
        async with desk:
            if run_id:
                await cancel_run(desk, run_id)

    @rx.event(background=True)
    async def rate_answer(self, run_id: str, rating: str, comment: str) -> None:
        """Rate an answer as helpful or not."""
        async with self:
            desk = client_for(await self.get_state(Session))
        async with desk:
            try:
                await desk.feedback(run_id, "up" if rating == "up" else "down", comment)
            except ClientError as error:
                await self._report_error(error)

    async def _enqueue_question(self, question: PageQuestion) -> Any:
        question = question._replace(text=question.text.strip())
        if not question.text:
            return None
        conversation = self._conversation
        if not may_queue(question, [conversation, *self._away.values()]) or not conversation.enqueue(question):
            full = "So many questions wait already; send this one once some are answered."
            return None if question.replaces_last else [Session.show_trouble(full), rx.set_value(FIELD, question.text)]
        if conversation.is_loaded and not conversation.session_id:
            # A name keeps it in `_away` if the page leaves before the question is asked.
            conversation.session_id = await self._new_name()
        self._mirror_conversation()
        return Chat.ask_queued(*conversation.key)

    async def _new_name(self) -> str:
        return f"web-{browser_id(await self.get_state(Session))}-{secrets.token_hex(8)}"

    def _switch_to(self, session_id: str, agent: str) -> Any:
        """Switch to another conversation, or reload the same one; questions of the previous one are still answered."""
        if self._conversation.key != (session_id, agent):
            if self._conversation.session_id and not self._conversation.is_idle:
                self._away[self._conversation.key] = self._conversation
            held = self._away.pop((session_id, agent), None)
            self._conversation = self._conversation.pass_queue_to(held or PageConversation(session_id, agent))
            self._feed.close()
        self._mirror_conversation()
        return Chat.show_conversation

    async def _load_history(self, conversation: PageConversation) -> None:
        """Load the stored history and the answer in progress as far as it has come."""
        while not await self._read_history(conversation):
            pass

    async def _read_history(self, conversation: PageConversation) -> bool:
        """Read the history; return False if it is out of date because an answer has started meanwhile."""
        async with self:
            answers_started, desk = conversation.answers_started, client_for(await self.get_state(Session))
        found: history.HistoryPage | None = None
        try:
            async with desk:
                found = await history.latest_messages(desk, conversation)
        except ClientError as error:
            await self._report_error(error)
        async with self:
            if answers_started != conversation.answers_started:
                return False
            stored = conversation.load_messages(found.messages) if found else []
            if conversation is self._conversation:
                earlier, is_unreadable = (found.earlier, False) if found else (0, True)
                opened = ConversationOpened(*conversation.key, stored, earlier, is_unreadable)
                self.feed = self._feed.open_with([opened, *conversation.answer_ops])
                self._mirror_conversation()
        return True

    async def _ask_queue(self, conversation: PageConversation) -> None:
        while True:
            async with self:
                pending = await self._start_next(conversation)
            if pending is None:
                return
            try:
                is_current = await self._show_answer(conversation, pending)
            finally:
                async with self:
                    self._end_answer(conversation)
            if not is_current:
                await self._load_history(conversation)

    async def _start_next(self, conversation: PageConversation) -> PendingQuestion | None:
        if (started := conversation.start_next()) is None:
            self._mirror_conversation()
            return None
        question, replaced = started
        session = await self.get_state(Session)
        conversation.session_id = conversation.session_id or await self._new_name()
        self._send_ops(conversation, ops_for_question(question, conversation.key, is_streaming=session.streams))
        return PendingQuestion(question, replaced, client_for(session), session.streams)

    async def _show_answer(self, conversation: PageConversation, pending: PendingQuestion) -> bool:
        """Stream the answer to the page; return False if the page must reload the conversation."""
        batches = stream_answer(pending, conversation)
        try:
            async with aclosing(batches):
                async for ops in batches:
                    async with self:
                        self._send_ops(conversation, ops)
        except ClientError as error:
            if pending.replaced and not conversation.run_id:
                # Refused: the question that it should have replaced is still there.
                await self._report_error(error)
                async with self:
                    conversation.answer_ops.clear()
                return False
            async with self:
                self._send_ops(conversation, [AnswerFailed(error.code, error.message, error.retryable)])
        except Exception:  # noqa: BLE001 - the edge: unexpected errors must end the answer, too
            _LOG.exception("an answer was lost on its way to its page")
            async with self:
                self._send_ops(conversation, [AnswerFailed("page_failed", _LOST, retryable=True)])
        return True

    def _send_ops(self, conversation: PageConversation, ops: list[TranscriptOp]) -> None:
        conversation.record_ops(ops)
        if conversation is self._conversation and self._feed.is_open:
            self.feed = self._feed.append_ops(ops)
            self._mirror_conversation()

    def _end_answer(self, conversation: PageConversation) -> None:
        conversation.end_answer()
        if conversation is not self._conversation and conversation.is_idle:
            self._away.pop(conversation.key, None)
        self._mirror_conversation()

    def _mirror_conversation(self) -> None:
        conversation = self._conversation
        shown = {"session_id": conversation.session_id, "agent": conversation.agent, "busy": conversation.is_under_way}
        # Every assignment is sent to the page, and this runs with every token.
        for name, value in (shown | {"next": [question.text for question in conversation.queue]}).items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    async def _report_error(self, error: ClientError) -> None:
        async with self:
            report_error(await self.get_state(Session), error)
