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
from ui.chat.op_stream import Op

# Questions queued behind an answer; further ones are rejected.
MOST_WAITING = 8
# All queued questions of a page together; a single one may be as long as the API takes.
_MOST_WAITING_CHARS = 64_000


class PageQuestion(NamedTuple):
    """A question to ask, perhaps in place of the last one; with a `run_id`, one that was asked already."""

    text: str
    instead: bool = False
    run_id: str = ""


class PageConversation:
    """The state of a conversation, changed only by the holder of the page's lock."""

    def __init__(self, session_id: str = "", agent: str = "") -> None:
        self.session_id = session_id
        self.agent = agent
        # Nothing is asked before the history is loaded.
        self.is_loaded = False
        self.waiting: deque[PageQuestion] = deque()
        self.is_under_way = False
        # Set when the user stops the answer, possibly before its run is known.
        self.stopping = asyncio.Event()
        self.asked = ""
        self.run_id = ""
        # The operations of the answer in progress, replayed to a page that comes back in the middle of it.
        self.told: list[Op] = []
        # The number of answers started: history read before the latest start is out of date.
        self.begun = 0
        self._run_before = ""

    @property
    def name(self) -> tuple[str, str]:
        """The pair of session and agent that identifies the conversation in an address."""
        return self.session_id, self.agent

    @property
    def is_idle(self) -> bool:
        """True if no answer is in progress and no question is queued."""
        return not (self.is_under_way or self.waiting)

    def ask(self, question: PageQuestion) -> bool:
        """Queue a question; return False if there is no room. No question replaces one that is being answered."""
        if len(self.waiting) >= MOST_WAITING or (question.instead and not self.is_idle):
            return False
        self.waiting.append(question)
        return True

    def turned_to(self, other: "PageConversation") -> "PageConversation":
        """Switch to another conversation, and move along the questions sent before the page said which one it shows."""
        if not self.session_id and not self.is_loaded:
            other.waiting.extend(self.waiting)
            self.waiting.clear()
        return other

    def begin(self) -> tuple[PageQuestion, str] | None:
        """Start the next question if one is due; return it with the run that it replaces."""
        if not self.is_loaded or self.is_under_way or not self.waiting:
            return None
        question = self.waiting.popleft()
        replaced = self.run_id if question.instead else ""
        self.begun += 1
        self._run_before, self.run_id = self.run_id, question.run_id
        self.asked, self.is_under_way, self.stopping = question.text, True, asyncio.Event()
        self.told.clear()
        return question, replaced

    def take(self, ops: Iterable[Op]) -> None:
        """Record operations of the answer in progress; its text is kept in one piece."""
        for op in ops:
            if op["op"] == "run":
                self.run_id = op["run"]
            if op["op"] == "text" and self.told and self.told[-1]["op"] == "text":
                self.told[-1] = {**op, "text": self.told[-1]["text"] + op["text"]}
            else:
                self.told.append(op)

    @property
    def has_ended(self) -> bool:
        """True if the end of the last answer has been reported."""
        return any(op["op"] == "end" for op in self.told)

    def end(self) -> None:
        """Mark the answer as no longer in progress."""
        self.is_under_way = False

    def is_new(self, turn: Message) -> bool:
        """Tell whether a stored turn is the last question, the one whose run id has not arrived yet."""
        return turn.role == "user" and turn.content == self.asked and turn.run_id != self._run_before

    def load(self, turns: Sequence[Message]) -> list[Message]:
        """Take in the stored messages; return those of ended runs, as those in progress are streamed."""
        self.is_loaded = True
        ended = [turn for turn in turns if turn.status not in UNDER_WAY]
        if self.is_under_way:
            return [turn for turn in ended if not self._is_current(turn, ended[-1].run_id)]
        known = {question.run_id for question in self.waiting}
        running = [turn for turn in turns if turn.status in UNDER_WAY and turn.role == "user"]
        begun = [PageQuestion(turn.content, run_id=turn.run_id) for turn in running if turn.run_id not in known]
        self.waiting.extendleft(reversed(begun))
        if self.told and not self.run_id:
            # A refused question is not stored and can be retried.
            return ended
        self.told.clear()
        self.asked = next((turn.content for turn in reversed(ended) if turn.role == "user"), "")
        self.run_id = ended[-1].run_id if ended else ""
        return ended

    def _is_current(self, turn: Message, last_run_id: str) -> bool:
        if self.run_id:
            return turn.run_id == self.run_id
        # Stored, but not reported yet: without streaming, the run's id arrives with the answer.
        return turn.run_id == last_run_id != self._run_before


def path_of(session_id: str, agent: str = "") -> str:
    """Return the path of a conversation's page."""
    if not session_id:
        return "/"
    return f"/c/{quote(session_id, safe='')}" + (f"?agent={quote(agent, safe='')}" if agent else "")


def has_room(question: PageQuestion, talks: Iterable[PageConversation]) -> bool:
    """Tell whether a page may queue one more question besides those of all its conversations."""
    waiting = [waits.text for talk in talks for waits in talk.waiting]
    return not waiting or sum(map(len, waiting)) + len(question.text) <= _MOST_WAITING_CHARS
