"""One conversation as one page has it: what waits to be asked, and the answer under way.

It outlives the page's turning to another conversation: what waits is asked, and whoever comes back finds the answer
where it is.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote

from frontdesk.contracts.resources import UNDER_WAY, Message
from ui.chat.op_stream import Op

# Questions that wait behind an answer; whoever sends more is to wait themselves.
MOST_WAITING = 8
# Of all questions that a page has waiting; one may be as long as the desk takes.
_MOST_WAITING_CHARS = 64_000


class Question(NamedTuple):
    """What is to be asked, perhaps in place of the last question; with a `run_id`, what was asked already."""

    text: str
    instead: bool = False
    run_id: str = ""


class Talk:
    """Only whoever holds the page's lock changes it."""

    def __init__(self, session_id: str = "", agent: str = "") -> None:
        self.session_id = session_id
        self.agent = agent
        # Until it is known what was said before, nothing is asked.
        self.is_loaded = False
        self.waiting: deque[Question] = deque()
        self.is_under_way = False
        # Set by whoever stops the answer, perhaps before it is known what to stop.
        self.stopping = asyncio.Event()
        self.asked = ""
        self.run_id = ""
        # What a page that comes back in the middle is to be told of the answer under way.
        self.told: list[Op] = []
        # How many answers were begun: what was read before one began is out of date.
        self.begun = 0
        self._run_before = ""

    @property
    def name(self) -> tuple[str, str]:
        """What an address says of it."""
        return self.session_id, self.agent

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to come."""
        return not (self.is_under_way or self.waiting)

    def ask(self, question: Question) -> bool:
        """Behind what waits; whether there was room. Nothing takes the place of a question that is being answered."""
        if len(self.waiting) >= MOST_WAITING or (question.instead and not self.is_idle):
            return False
        self.waiting.append(question)
        return True

    def turned_to(self, other: "Talk") -> "Talk":
        """The conversation that the page turns to. What was sent before the page said which it shows goes along."""
        if not self.session_id and not self.is_loaded:
            other.waiting.extend(self.waiting)
            self.waiting.clear()
        return other

    def begin(self) -> tuple[Question, str] | None:
        """The next question and the run that it takes the place of, if it is time for one."""
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
        """What was told of the answer; its text stays in one piece."""
        for op in ops:
            if op["op"] == "run":
                self.run_id = op["run"]
            if op["op"] == "text" and self.told and self.told[-1]["op"] == "text":
                self.told[-1] = {**op, "text": self.told[-1]["text"] + op["text"]}
            else:
                self.told.append(op)

    @property
    def has_ended(self) -> bool:
        """Whether the end of the last answer was told."""
        return any(op["op"] == "end" for op in self.told)

    def end(self) -> None:
        """There is nothing more to come of this answer."""
        self.is_under_way = False

    def is_new(self, turn: Message) -> bool:
        """Whether this is the question that was asked last, which has not been told its run."""
        return turn.role == "user" and turn.content == self.asked and turn.run_id != self._run_before

    def load(self, turns: Sequence[Message]) -> list[Message]:
        """What is stored, but for what is under way: that is told as it comes."""
        self.is_loaded = True
        ended = [turn for turn in turns if turn.status not in UNDER_WAY]
        if self.is_under_way:
            return [turn for turn in ended if not self._is_current(turn, ended[-1].run_id)]
        known = {question.run_id for question in self.waiting}
        running = [turn for turn in turns if turn.status in UNDER_WAY and turn.role == "user"]
        begun = [Question(turn.content, run_id=turn.run_id) for turn in running if turn.run_id not in known]
        self.waiting.extendleft(reversed(begun))
        if self.told and not self.run_id:
            # Of a question that was refused nothing is stored, and it can be tried again.
            return ended
        self.told.clear()
        self.asked = next((turn.content for turn in reversed(ended) if turn.role == "user"), "")
        self.run_id = ended[-1].run_id if ended else ""
        return ended

    def _is_current(self, turn: Message, last_run_id: str) -> bool:
        if self.run_id:
            return turn.run_id == self.run_id
        # Stored already, but not yet told: whoever waits for a whole answer learns of its run with it.
        return turn.run_id == last_run_id != self._run_before


def path_of(session_id: str, agent: str = "") -> str:
    """The address of a conversation."""
    if not session_id:
        return "/"
    return f"/c/{quote(session_id, safe='')}" + (f"?agent={quote(agent, safe='')}" if agent else "")


def has_room(question: Question, talks: Iterable[Talk]) -> bool:
    """Whether a page may have one more question waiting beside those of all its conversations."""
    waiting = [waits.text for talk in talks for waits in talk.waiting]
    return not waiting or sum(map(len, waiting)) + len(question.text) <= _MOST_WAITING_CHARS
