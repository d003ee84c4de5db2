"""The store of runs, with their events and steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from frontdesk.contracts.answers import RelatedSection, related_sections
from frontdesk.contracts.events import Event, Spent, Usage


@dataclass(frozen=True)
class StoredRun:
    """A question on its way to an answer. `request` holds what an endpoint received beside the question.

    A run that `replaces` another has withdrawn it from the conversation.
    """

    id: str
    thread_id: str
    session_id: str
    user_id: str
    agent_id: str
    status: str
    question: str
    created_at: float
    ended_at: float | None = None
    finish_reason: str | None = None
    error_code: str | None = None
    attempts: int = 1
    request: str | None = None
    stopped: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None

    @property
    def is_open(self) -> bool:
        """True while the run waits or answers."""
        return self.status in ("queued", "in_progress")


@dataclass(frozen=True)
class AnswerMessage:
    """The message that an answer leaves in its conversation, with the metadata that is kept with it."""

    id: str
    thread_id: str
    content: str
    data: dict[str, Any]
    created_at: float


class StoredEvent(NamedTuple):
    """An event as it is stored: its number within the run, its JSON, when it happened, and the answer it leaves."""

    run_id: str
    seq: int
    event: Event
    payload: bytes
    at: float
    answer: AnswerMessage | None = None


class EventPayload(NamedTuple):
    """The number of a stored event within its run, and its JSON."""

    seq: int
    payload: bytes


@dataclass(frozen=True)
class StoredStep:
    """A step of a run."""

    run_id: str
    step_id: str
    parent_id: str | None
    step_type: str
    step_name: str
    agent: str | None
    status: str
    started_at: float
    latency_ms: float | None
    output: str | None
    usage: Usage | None
    model: str | None
    cost_usd: float | None
    fallback: bool | None


@dataclass(frozen=True)
class AnswerRating:
    """The rating of an answer, and when it was given."""

    rating: str
    comment: str
    created_at: float


@dataclass(frozen=True)
class RunDetails:
    """What is stored about a run beside itself: so far, if it is still under way."""

    answer: str | None
    data: dict[str, Any]
    steps: list[StoredStep]
    feedback: AnswerRating | None


class RunStore(Protocol):
    """A store of runs and their events. A run has exactly one end: a second terminal event is refused."""

    async def begin_run(self, run: StoredRun, message_id: str, *, continues: bool = False) -> None:
        """Store the question before anything is done about it, and withdraw the run that it replaces.

        A run that `continues` a conversation is refused with `ThreadUnknown` if that was deleted since it was looked
        up: only a new conversation makes a thread. Raise `RunNotLast` or `ThreadBusy` unless the replaced run is the
        last of the conversation and has ended.
        """
        ...

    async def take_up(self, run_id: str, attempt: int) -> None:
        """Mark a run as in progress, for the first time or again after a restart."""
        ...

    async def note_stop(self, run_id: str, reason: str) -> None:
        """Record that a run was stopped: that holds even if the process ends before the run does."""
        ...

    async def append_events(self, entries: Sequence[StoredEvent]) -> None:
        """Store events of one run, and keep runs, steps, handoffs and answers level with them: all or nothing."""
        ...

    async def get_run(self, run_id: str) -> StoredRun | None:
        """Return a run by its id as it is stored."""
        ...

    async def run_of_user(self, user_id: str, run_id: str) -> StoredRun:
        """Return a run of that user by an id as clients may write it, or raise `RunUnknown`."""
        ...

    async def replaced_runs(self, thread_id: str) -> frozenset[str]:
        """Return the ids of a conversation's runs that others have replaced."""
        ...

    async def unfinished_runs(self) -> list[StoredRun]:
        """Return the runs that an earlier process left unfinished, in the order in which they were asked."""
        ...

    async def events_after(self, run_id: str, after: int, limit: int | None = None) -> list[EventPayload]:
        """Return the stored events after number `after`, in order."""
        ...

    async def answer_of(self, run_id: str) -> str | None:
        """Return the stored answer of a run."""
        ...

    async def answer_data(self, run_id: str) -> dict[str, Any]:
        """Return the metadata kept with the answer of a run."""
        ...

    async def read_details(self, run_id: str) -> RunDetails:
        """Return the answer of a run, its steps in the order in which they began, and its rating."""
        ...


def see_also_in(data: dict[str, Any]) -> list[RelatedSection]:
    """Return the other sections that may answer, from the metadata that are kept with an answer."""
    return related_sections(data.get("see_also", ()), data.get("sources", ()))


def spent_by(steps: Iterable[StoredStep]) -> tuple[Spent, Spent]:
    """Sum up what the supervisor and the workers spent, however the run ended."""
    supervisor, workers = Spent(), Spent()
    for step in steps:
        if step.usage:
            spent = Spent(usage=step.usage, cost_usd=step.cost_usd or 0)
            if step.agent:
                workers += spent
            else:
                supervisor += spent
    return supervisor, workers
