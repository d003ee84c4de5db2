"""The answer stream of a run: the text of several workers at once still makes one linear answer.

The worker that answers first streams at once; the others' text is buffered, and follows section by section.
"""

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter

from agents.catalog import Agent
from frontdesk.contracts.events import Event, Reset, Token

Emit = Callable[[Event], None]


class AnswerStream:
    """The answer stream of one run, which streams one agent at a time."""

    def __init__(self) -> None:
        # Agent and text of each token, in the order in which they were streamed.
        self._tokens: list[tuple[str, str]] = []
        self._headings: dict[str, str] = {}
        self._speaker: str | None = None
        self._waiting: dict[str, list[str]] = {}
        self._finished: set[str] = set()
        self._next_number = 1

    @property
    def text(self) -> str:
        """All text streamed so far."""
        return "".join(text for _, text in self._tokens)

    @property
    def last_number(self) -> int:
        """The highest source number used in this answer."""
        return self._next_number - 1

    def reserve_numbers(self, count: int) -> int:
        """Reserve source numbers that no other agent of this answer has, and return the first of them."""
        first = self._next_number
        self._next_number += count
        return first

    def set_headings(self, agents: list[Agent]) -> None:
        """Give each of several speakers a heading; one alone needs none."""
        self._headings = {agent.id: f"**{agent.name}**\n\n" for agent in agents} if len(agents) > 1 else {}

    def replay_answer(self, agent: str, text: str, last_number: int, emit: Emit) -> None:
        """Stream again what an agent had said to its end before the server was restarted."""
        self._next_number = max(self._next_number, last_number + 1)
        self.write_text(agent, text, emit)
        self.finish_agent(agent, emit)

    def write_text(self, agent: str, text: str, emit: Emit) -> None:
        """Stream the text now if no other agent's text is being streamed; otherwise buffer it."""
        if self._speaker is None:
            self._start_section(agent, emit)
        if self._speaker == agent:
            self._emit_token(agent, text, emit)
        else:
            self._waiting.setdefault(agent, []).append(text)

    def finish_agent(self, agent: str, emit: Emit) -> None:
        """Mark the agent as done: what others have finished follows, then what one still answering has said."""
        self._finished.add(agent)
        if self._speaker in (agent, None):
            self._stream_waiting(emit)

    def withdraw_agent(self, agent: str, reason: str, model: str, emit: Emit) -> None:
        """Void what the agent has said. The text of the others stands, so it is streamed again after the reset."""
        self._waiting.pop(agent, None)
        if self._speaker != agent:
            return
        stands = [(speaker, text) for speaker, text in self._tokens if speaker != agent]
        emit(Reset(reason=reason, model=model))
        self._tokens.clear()
        for speaker, section in groupby(stands, key=itemgetter(0)):
            self._emit_token(speaker, "".join(text for _, text in section), emit)
        self._stream_waiting(emit)

    def _stream_waiting(self, emit: Emit) -> None:
        self._speaker = None
        for waiting in sorted(self._waiting, key=lambda other: other not in self._finished):
            self._start_section(waiting, emit)
            for text in self._waiting.pop(waiting):
                self._emit_token(waiting, text, emit)
            if waiting not in self._finished:
                return
            self._speaker = None

    def _start_section(self, agent: str, emit: Emit) -> None:
        self._speaker = agent
        opening = ("\n\n" if self._tokens else "") + self._headings.get(agent, "")
        if opening:
            self._emit_token(agent, opening, emit)

    def _emit_token(self, agent: str, text: str, emit: Emit) -> None:
        self._tokens.append((agent, text))
        emit(Token(content=text, agent=agent))
