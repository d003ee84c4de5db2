"""What a run has said so far, put together from its events as they come."""

from dataclasses import dataclass, field
from typing import Literal

from frontdesk.contracts.events import (
    Cancelled,
    Done,
    Error,
    Event,
    Handoff,
    Reset,
    Route,
    Source,
    Sources,
    Start,
    Token,
)

Status = Literal["queued", "in_progress", "completed", "cancelled", "failed"]


@dataclass
class Transcript:
    """One answer. The ids are empty until `start` has come; `end` is `done`, `cancelled` or `error`."""

    run_id: str = ""
    thread_id: str = ""
    session_id: str = ""
    status: Status = "queued"
    agents: list[str] = field(default_factory=list)
    handoff: Handoff | None = None
    end: Done | Cancelled | Error | None = None
    _said: list[str] = field(default_factory=list)
    _sources: dict[str, list[Source]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The tokens since the last reset: what the desk stores as the answer once it is whole."""
        return "".join(self._said)

    @property
    def sources(self) -> list[Source]:
        """The evidence of every agent, by the number that its citations carry; an agent's newest evidence counts."""
        return sorted((source for found in self._sources.values() for source in found), key=lambda source: source.id)

    @property
    def error(self) -> Error | None:
        """Why there is no whole answer; never part of the text."""
        return self.end if isinstance(self.end, Error) else None

    def apply(self, event: Event) -> None:
        """Take the next event in."""
        match event:
            case Start():
                self.run_id, self.thread_id, self.session_id = event.run_id, event.thread_id, event.session_id
                self.status = "in_progress"
            case Route():
                self.agents = [*self.agents, *event.agents]
            case Sources():
                self._sources[event.agent] = event.sources
            case Token():
                self._said.append(event.content)
            case Reset():
                self._said.clear()
            case Handoff():
                self.handoff = event
            case Done() | Cancelled() | Error():
                self._close(event)

    def _close(self, event: Done | Cancelled | Error) -> None:
        ends: dict[str, Status] = {"done": "completed", "cancelled": "cancelled", "error": "failed"}
        self.end, self.status = event, ends[event.type]
