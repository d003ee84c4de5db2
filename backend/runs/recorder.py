"""The progress of a run: its text, sources and cost, kept while it runs and rebuilt from its log after a crash."""

from dataclasses import dataclass, field
from typing import Any

from agents.assistant import AnswerOutcome
from agents.models.chunks import estimate_usage
from agents.models.model_name import EMBEDDED, parse_model
from agents.models.prices import cost_of
from backend.runs.event_log import LiveRun
from frontdesk.contracts.events import (
    Done,
    Event,
    Reset,
    Route,
    Source,
    Sources,
    Spent,
    StepStatus,
    Token,
    TraceEnd,
    TraceStart,
    TraceUpdate,
    Usage,
)

_BY_A_MODEL = ("generate", "retry")


@dataclass
class _OpenStep:
    """A step that has not ended; for a model's, its usage and text so far."""

    started: TraceStart
    usage: Usage | None = None
    said: list[str] = field(default_factory=list)

    def cut_off(self, status: StepStatus) -> TraceEnd:
        """Return its end with an estimated usage: nobody will count the tokens any more, and they are paid for."""
        step = self.started
        end = TraceEnd(step_id=step.step_id, agent=step.agent, status=status)
        if self.usage is None:
            return end
        usage = self.usage + estimate_usage((), "".join(self.said))
        cost = cost_of(parse_model(step.step_name), usage)
        return end.model_copy(update={"model": step.step_name, "usage": usage, "cost_usd": cost})


@dataclass
class RunRecorder:
    """The text, sources, steps and cost of one run so far."""

    live: LiveRun
    said: list[str] = field(default_factory=list)
    tokens: int = 0
    heard: int = 0
    supervisor: Spent = field(default_factory=Spent)
    workers: Spent = field(default_factory=Spent)
    agents: list[str] = field(default_factory=list)
    sources: dict[int, Source] = field(default_factory=dict)
    writers: set[str] = field(default_factory=set)
    _open: dict[str, _OpenStep] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self.said)

    @property
    def quoted(self) -> bool:
        """True if no model has written any of the answer."""
        return self.writers == {str(EMBEDDED)}

    @property
    def kept(self) -> dict[str, Any]:
        """The metadata that a conversation keeps with the answer: its agents and sources, and if it was quoted."""
        sources = [source.model_dump() for _, source in sorted(self.sources.items())]
        kept = {"agents": self.agents, "sources": sources, "quoted": self.quoted}
        return {name: value for name, value in kept.items() if value}

    def hear(self, event: Event) -> None:
        """Take in the next event of the run."""
        self.heard += 1
        match event:
            case Route():
                self.agents = list(event.agents)
            case Sources():
                # An answer that has begun again names its sources again.
                self.sources |= {source.id: source for source in event.sources}
            case Token():
                self._say(event)
            case Reset():
                self.said.clear()
            case TraceStart():
                self._open[event.step_id] = _OpenStep(event)
            case TraceUpdate(usage=Usage() as usage) if event.step_id in self._open:
                self._open[event.step_id].usage = usage
            case TraceEnd():
                self._note_writer(event, self._open.pop(event.step_id, None))
                self._spend(event)

    def cut_off(self, status: StepStatus) -> list[TraceEnd]:
        """Return the ends of the steps that could not end themselves, the innermost first."""
        return [step.cut_off(status) for step in reversed(self._open.values())]

    def done(self, outcome: AnswerOutcome, message_id: str) -> Done:
        """Return the terminal event of a complete answer."""
        both = self.supervisor + self.workers
        return Done(
            message_id=message_id,
            usage=both.usage,
            cost_usd=round(both.cost_usd, 9),
            supervisor=self.supervisor,
            workers=self.workers,
            reduced=outcome.reduced,
            quoted=self.quoted,
            cached=outcome.cached,
            support=outcome.support,
            see_also=outcome.see_also,
            highlights=outcome.highlights,
            tokens=self.tokens,
            tokens_used=both.usage.total,
            time=round(self.live.seconds, 3),
            finish_reason=outcome.finish_reason,
        )

    def _say(self, token: Token) -> None:
        self.said.append(token.content)
        self.tokens += 1
        for step in self._open.values():
            if step.started.agent == token.agent and step.started.step_type in _BY_A_MODEL:
                step.said.append(token.content)

    def _note_writer(self, end: TraceEnd, step: _OpenStep | None) -> None:
        # An earlier answer that is given again names the model that wrote it.
        is_written = step is not None and (step.started.step_type in _BY_A_MODEL or end.model is not None)
        if step and is_written and step.started.agent and end.status == "completed":
            self.writers.add(end.model or step.started.step_name)

    def _spend(self, end: TraceEnd) -> None:
        if end.usage:
            spent = Spent(usage=end.usage, cost_usd=end.cost_usd or 0)
            if end.agent:
                self.workers += spent
            else:
                self.supervisor += spent


def of_attempt(event: Event, attempt: int) -> Event:
    """Give the steps of a repeated attempt ids of their own."""
    if attempt == 1 or not isinstance(event, TraceStart | TraceUpdate | TraceEnd):
        return event
    names = {"step_id": f"{event.step_id}~{attempt}"}
    if isinstance(event, TraceStart) and event.parent_id:
        names["parent_id"] = f"{event.parent_id}~{attempt}"
    return event.model_copy(update=names)
