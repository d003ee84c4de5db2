"""One conversation of one page: the queue of questions, and the answer in progress.

It outlives the page's switch to another conversation: queued questions are still asked, and a user who comes back
finds the answer where it is.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote

from frontdesk.contracts.resources import UNDER_WAY, Message
from ui.chat.operations import RunIdentified, TranscriptOp, append_op

# Questions queued behind an answer; further ones are rejected.
MOST_QUEUED = 8
# All queued questions of a page together; a single one may be as long as the API takes.
_MOST_QUEUED_CHARS = 64_000


class PageQuestion(NamedTuple):
    """A question to ask, perhaps in place of the last one; with a `run_id`, one that was asked already."""

    text: str
    replaces_last: bool = False
    run_id: str = ""


class PageConversation:
    """The state of a conversation, changed only by the holder of the page's lock."""

    def __init__(self, session_id: str = "", agent: str = "") -> None:
        self.session_id = session_id
        self.agent = agent
        # Nothing is asked before the history is loaded.
        self.is_loaded = False
        self.queue: deque[PageQuestion] = deque()
        self.is_under_way = False
        # Set when the user stops the answer, possibly before its run is known.
        self.stop_requested = asyncio.Event()
        self.last_question = ""
        self.run_id = ""
        # The operations of the answer in progress, replayed to a page that comes back in the middle of it.
        self.answer_ops: list[TranscriptOp] = []
        # The number of answers started: history read before the latest start is out of date.
        self.answers_started = 0
        self._previous_run_id = ""

    @property
    def key(self) -> tuple[str, str]:
        """The pair of session and agent that identifies the conversation in an address."""
        return self.session_id, self.agent

    @property
    def is_idle(self) -> bool:
        """True if no answer is in progress and no question is queued."""
        return not (self.is_under_way or self.queue)

    def enqueue(self, question: PageQuestion) -> bool:
        """Queue a question; return False if there is no room. No question replaces one that is being answered."""
        if len(self.queue) >= MOST_QUEUED or (question.replaces_last and not self.is_idle):
            return False
        self.queue.append(question)
        return True

    def pass_queue_to(self, other: "PageConversation") -> "PageConversation":
        """Switch to another conversation, and move along the questions sent before the page said which one it shows."""
        if not self.session_id and not self.is_loaded:
            other.queue.extend(self.queue)
            self.queue.clear()
        return other

    def start_next(self) -> tuple[PageQuestion, str] | None:
        """Start the next question if one is due; return it with the run that it replaces."""
        if not self.is_loaded or self.is_under_way or not self.queue:
            return None
        question = self.queue.popleft()
        replaced = self.run_id if question.replaces_last else ""
        self.answers_started += 1
        self._previous_run_id, self.run_id = self.run_id, question.run_id
        self.last_question, self.is_under_way, self.stop_requested = question.text, True, asyncio.Event()
        self.answer_ops.clear()
        return question, replaced

    def record_ops(self, ops: Iterable[TranscriptOp]) -> None:
        """Record operations of the answer in progress; its text is kept in one piece."""
        for op in ops:
            if isinstance(op, RunIdentified):
                self.run_id = op.run_id
            append_op(self.answer_ops, op)

    def end_answer(self) -> None:
        """Mark the answer as no longer in progress."""
        self.is_under_way = False

    def is_last_question(self, message: Message) -> bool:
        """Tell whether a stored message is the last question, the one whose run id has not arrived yet."""
        return (
            message.role == "user" and message.content == self.last_question and message.run_id != self._previous_run_id
        )

    def load_messages(self, messages: Sequence[Message]) -> list[Message]:
        """Take in the stored messages; return those of ended runs, as those in progress are streamed."""
        self.is_loaded = True
        ended = [message for message in messages if message.status not in UNDER_WAY]
        if self.is_under_way:
            return [message for message in ended if not self._is_current(message, ended[-1].run_id)]
        known = {question.run_id for question in self.queue}
        running = [message for message in messages if message.status in UNDER_WAY and message.role == "user"]
        unknown = [message for message in running if message.run_id not in known]
        resumed = [PageQuestion(message.content, run_id=message.run_id) for message in unknown]
        self.queue.extendleft(reversed(resumed))
        if self.answer_ops and not self.run_id:
            # A refused question is not stored and can be retried.
            return ended
        self.answer_ops.clear()
        self.last_question = next((message.content for message in reversed(ended) if message.role == "user"), "")
        self.run_id = ended[-1].run_id if ended else ""
        return ended

    def _is_current(self, message: Message, last_run_id: str) -> bool:
        if self.run_id:
            return message.run_id == self.run_id
        # Stored, but not reported yet: without streaming, the run's id arrives with the answer.
        return message.run_id == last_run_id != self._previous_run_id


def page_path(session_id: str, agent: str = "") -> str:
    """Return the path of a conversation's page."""
    if not session_id:
        return "/"
    return f"/c/{quote(session_id, safe='')}" + (f"?agent={quote(agent, safe='')}" if agent else "")


def may_queue(question: PageQuestion, conversations: Iterable[PageConversation]) -> bool:
    """Tell whether a page may queue one more question besides those of all its conversations."""
    queued = [waiting.text for conversation in conversations for waiting in conversation.queue]
    return not queued or sum(map(len, queued)) + len(question.text) <= _MOST_QUEUED_CHARS
