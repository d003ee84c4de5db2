"""The answer stream of a run: the text of several workers at once still makes one linear answer.

The worker that speaks first has the floor and streams; the others' text waits, and follows section by section.
"""

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter

from agents.catalog import Agent
from frontdesk.contracts.events import Event, Reset, Token

Emit = Callable[[Event], None]


class AnswerStream:
    """The answer stream of one run, in which one agent at a time has the floor."""

    def __init__(self) -> None:
        # Agent and text of each token, in the order in which they were streamed.
        self._said: list[tuple[str, str]] = []
        self._headings: dict[str, str] = {}
        self._holder: str | None = None
        self._waiting: dict[str, list[str]] = {}
        self._finished: set[str] = set()
        self._next_number = 1

    @property
    def text(self) -> str:
        """All text streamed so far."""
        return "".join(text for _, text in self._said)

    @property
    def last_number(self) -> int:
        """The highest source number used in this answer."""
        return self._next_number - 1

    def reserve_numbers(self, count: int) -> int:
        """Reserve source numbers that no other agent of this answer has, and return the first of them."""
        first = self._next_number
        self._next_number += count
        return first

    def open(self, agents: list[Agent]) -> None:
        """Give each of several speakers a heading; one alone needs none."""
        self._headings = {agent.id: f"**{agent.name}**\n\n" for agent in agents} if len(agents) > 1 else {}

    def resume(self, agent: str, text: str, last_number: int, emit: Emit) -> None:
        """Stream again what an agent had said to its end before the server was restarted."""
        self._next_number = max(self._next_number, last_number + 1)
        self.speak(agent, text, emit)
        self.finish(agent, emit)

    def speak(self, agent: str, text: str, emit: Emit) -> None:
        """Stream the text now if the agent has the floor or can take it; otherwise buffer it."""
        if self._holder is None:
            self._take(agent, emit)
        if self._holder == agent:
            self._say(agent, text, emit)
        else:
            self._waiting.setdefault(agent, []).append(text)

    def finish(self, agent: str, emit: Emit) -> None:
        """Mark the agent as done: what others have finished follows, and one still speaking takes the floor."""
        self._finished.add(agent)
        if self._holder in (agent, None):
            self._pass_on(emit)

    def withdraw(self, agent: str, reason: str, model: str, emit: Emit) -> None:
        """Void what the agent has said. The text of the others stands, so it is streamed again after the reset."""
        self._waiting.pop(agent, None)
        if self._holder != agent:
            return
        stands = [(speaker, text) for speaker, text in self._said if speaker != agent]
        emit(Reset(reason=reason, model=model))
        self._said.clear()
        for speaker, section in groupby(stands, key=itemgetter(0)):
            self._say(speaker, "".join(text for _, text in section), emit)
        self._pass_on(emit)

    def _pass_on(self, emit: Emit) -> None:
        self._holder = None
        for waiting in sorted(self._waiting, key=lambda other: other not in self._finished):
            self._take(waiting, emit)
            for text in self._waiting.pop(waiting):
                self._say(waiting, text, emit)
            if waiting not in self._finished:
                return
            self._holder = None

    def _take(self, agent: str, emit: Emit) -> None:
        self._holder = agent
        opening = ("\n\n" if self._said else "") + self._headings.get(agent, "")
        if opening:
            self._say(agent, opening, emit)

    def _say(self, agent: str, text: str, emit: Emit) -> None:
        self._said.append((agent, text))
        emit(Token(content=text, agent=agent))
