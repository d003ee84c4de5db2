"""An answer assembled from the events of its run as they arrive."""

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
class RunTranscript:
    """The state of one answer. The ids are empty until `start` arrives; `end` is `done`, `cancelled` or `error`."""

    run_id: str = ""
    thread_id: str = ""
    session_id: str = ""
    status: Status = "queued"
    agents: list[str] = field(default_factory=list)
    handoff: Handoff | None = None
    end: Done | Cancelled | Error | None = None
    _pieces: list[str] = field(default_factory=list)
    _sources: dict[str, list[Source]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The tokens since the last reset: the text that the server stores when the answer is complete."""
        return "".join(self._pieces)

    @property
    def sources(self) -> list[Source]:
        """The evidence of all agents, by citation number; an agent's newest evidence replaces its earlier one."""
        return sorted((source for found in self._sources.values() for source in found), key=lambda source: source.id)

    @property
    def see_also(self) -> list[Source]:
        """The sources that may answer the question too, the likeliest first."""
        by_id = {source.id: source for source in self.sources}
        ids = self.end.see_also if isinstance(self.end, Done) else []
        return [by_id[source_id] for source_id in ids if source_id in by_id]

    @property
    def error(self) -> Error | None:
        """The reason why the answer is incomplete; never part of the text."""
        return self.end if isinstance(self.end, Error) else None

    def apply(self, event: Event) -> None:
        """Update the state with the next event."""
        match event:
            case Start():
                self.run_id, self.thread_id, self.session_id = event.run_id, event.thread_id, event.session_id
                self.status = "in_progress"
            case Route():
                self.agents = [*self.agents, *event.agents]
            case Sources():
                self._sources[event.agent] = event.sources
            case Token():
                self._pieces.append(event.content)
            case Reset():
                self._pieces.clear()
            case Handoff():
                self.handoff = event
            case Done() | Cancelled() | Error():
                self._record_end(event)

    def _record_end(self, event: Done | Cancelled | Error) -> None:
        ends: dict[str, Status] = {"done": "completed", "cancelled": "cancelled", "error": "failed"}
        self.end, self.status = event, ends[event.type]
