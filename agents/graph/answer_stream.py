"""Who speaks: with several workers at once, their text still makes one linear answer.

The worker that speaks first has the floor and streams; the others' text waits, and follows section by section.
"""

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter

from agents.catalog import Agent
from frontdesk.contracts.events import Event, Reset, Token

Emit = Callable[[Event], None]


class Floor:
    """One run's floor."""

    def __init__(self) -> None:
        # Who said what, in the order in which it was said.
        self._said: list[tuple[str, str]] = []
        self._headings: dict[str, str] = {}
        self._holder: str | None = None
        self._waiting: dict[str, list[str]] = {}
        self._finished: set[str] = set()
        self._next_number = 1

    @property
    def text(self) -> str:
        """Everything said so far, as it was streamed."""
        return "".join(text for _, text in self._said)

    @property
    def last_number(self) -> int:
        """The highest number that a source of this answer has."""
        return self._next_number - 1

    def reserve_numbers(self, count: int) -> int:
        """The first of so many source numbers that no other agent of this answer has."""
        first = self._next_number
        self._next_number += count
        return first

    def open(self, agents: list[Agent]) -> None:
        """Several speakers get a heading each; one alone needs none."""
        self._headings = {agent.id: f"**{agent.name}**\n\n" for agent in agents} if len(agents) > 1 else {}

    def resume(self, agent: str, text: str, last_number: int, emit: Emit) -> None:
        """What an agent had said to its end before the desk was restarted is said again."""
        self._next_number = max(self._next_number, last_number + 1)
        self.speak(agent, text, emit)
        self.finish(agent, emit)

    def speak(self, agent: str, text: str, emit: Emit) -> None:
        """Say it now if the agent has the floor or can take it; else keep it."""
        if self._holder is None:
            self._take(agent, emit)
        if self._holder == agent:
            self._say(agent, text, emit)
        else:
            self._waiting.setdefault(agent, []).append(text)

    def finish(self, agent: str, emit: Emit) -> None:
        """The agent is done: what others have finished follows, and one still speaking takes the floor."""
        self._finished.add(agent)
        if self._holder in (agent, None):
            self._pass_on(emit)

    def withdraw(self, agent: str, reason: str, model: str, emit: Emit) -> None:
        """What the agent has said is void. What others have said stands, so it is said again behind the reset."""
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
