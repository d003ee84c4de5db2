"""The reports for operators: hand-overs, unanswered questions, activity and stored data of people."""

from typing import Annotated, Literal

from frontdesk.contracts.base import ALWAYS_SENT, Page, Shape
from frontdesk.contracts.resources import SUPERVISOR, Message


class HandoffInfo(Shape):
    """A request for a person, waiting or resolved: who, why, in which conversation, and how to reach them.

    `cause` is `asked` where they asked for one, `unanswered` where no document answered, `agent` where an agent's model
    called one. `summary` is what they asked last, or the one question if they neither asked nor left a contact.
    """

    id: str
    run_id: str | None
    thread_id: str | None
    user_id: str
    agent_id: str | None
    cause: str
    reason: str
    summary: str
    created_at: float
    resolved_at: float | None
    resolved_by: str | None
    note: str | None
    contact: Annotated[str | None, ALWAYS_SENT] = None
    message: Annotated[str | None, ALWAYS_SENT] = None


class HandoffPage(Page):
    """A page of hand-overs, the longest waiting first."""

    handovers: list[HandoffInfo]


class HandoffWhole(HandoffInfo):
    """A hand-over with its conversation, for readers who may see it.

    Its own user may. An operator may where that user has asked for a person or left a contact, up to the resolution;
    otherwise it is `withheld`.
    """

    transcript: list[Message]
    withheld: Annotated[bool, ALWAYS_SENT] = False


class Unanswered(Shape):
    """A question, how often it was asked, and one of the runs that asked it.

    `hedged` is how often the nearest that was found was shown.
    """

    question: str
    agent: str | None
    times: int
    hedged: Annotated[int, ALWAYS_SENT] = 0
    last_asked_at: float
    run_id: str


class UnansweredPage(Shape):
    """The questions of the last `days` days that no document answered, the most frequent first."""

    days: int
    questions: list[Unanswered]


class Figures(Shape):
    """Figures of runs that have ended. `fallbacks` were answered by a fallback model, `reduced` ones by quoting.

    Nothing found answered the `declined` and the `hedged` ones; these show the nearest. The `cached`
    ones were answered with an earlier answer.

    Times are seconds, the median or the 95th percentile of the runs; null if there were none.
    """

    runs: int
    completed: int
    failed: int
    cancelled: int
    declined: int
    hedged: Annotated[int, ALWAYS_SENT] = 0
    tokens: int
    cost_usd: float
    fallbacks: int
    reduced: int
    up: int
    down: int
    first_token_p50: float | None
    first_token_p95: float | None
    time_p50: float | None
    cached: Annotated[int, ALWAYS_SENT] = 0


class Share(Shape):
    """An agent's share of a day."""

    agent: str
    runs: int
    tokens: int
    cost_usd: float


class DayFigures(Figures):
    """Figures of one UTC day. A run of several agents counts once here and once for each of them in `agents`."""

    day: str
    agents: list[Share]


class AgentFigures(Figures):
    """Figures of the runs that an agent took part in, with its own share of tokens and cost."""

    agent: str


class LatestRun(Shape):
    """A run, possibly in progress. `session_id` is that of its conversation, unless that is deleted or there is none.

    `agent_id` is the agent of its conversation, `agents` are those that took part in the run.
    """

    id: str
    thread_id: str
    session_id: str | None
    agent_id: Annotated[str, ALWAYS_SENT] = SUPERVISOR
    user_id: str
    question: str
    agents: list[str]
    status: str
    finish_reason: str | None
    tokens: int
    cost_usd: float
    time: float | None
    created_at: float


class ActivityReport(Page):
    """All days from the first to today, all agents that took part, the totals, and a page of the latest runs."""

    days: list[DayFigures]
    agents: list[AgentFigures]
    totals: Figures
    runs: list[LatestRun]


class PersonInfo(Shape):
    """A user who has a key or stored data, and how much it is; none of its text.

    Bytes are those of texts: of messages, and of documents as they were read.
    """

    user: str
    has_key: bool
    conversations: int
    runs: int
    handovers: int
    message_bytes: int
    documents: int
    document_bytes: int
    last_active_at: float | None


class People(Page):
    """A page of people, by name."""

    people: list[PersonInfo]


class PersonRemoved(Shape):
    """Counts of what was permanently deleted. If keys of API_KEYS remain, `note` says how to remove them.

    The audit log keeps that it was done, and everything else that it says of the person.
    """

    user: str
    part: Literal["everything", "conversations", "documents"]
    conversations: int
    runs: int
    messages: int
    feedback: int
    handovers: int
    documents: int
    days_of_spending: int
    keys_revoked: int
    keys_in_settings: int
    note: str
