"""What a desk reports to those who run it: who waits for a person, what nobody answers, and what it has done."""

from typing import Literal

from frontdesk.contracts.resources import SUPERVISOR, Message, Page, Shape


class Handover(Shape):
    """Somebody waits for a person, or did."""

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
    contact: str | None = None
    message: str | None = None


class Handovers(Page):
    """Some hand-overs, the longest waiting first."""

    handovers: list[Handover]


class HandoverWhole(Handover):
    """With the conversation as far as it may be read; it is `withheld` where its user has not asked for a person."""

    transcript: list[Message]
    withheld: bool = False


class Unanswered(Shape):
    """A question, how often it was asked, and a run in which it was."""

    question: str
    agent: str | None
    times: int
    last_asked_at: float
    run_id: str


class UnansweredQuestions(Shape):
    """What no document answered in so many days, the most frequent first."""

    days: int
    questions: list[Unanswered]


class Figures(Shape):
    """Runs that have ended. `fallbacks` were answered by another model than was counted on, `reduced` ones by quoting.

    Times are seconds, of half or of 95 % of the runs; null where there was none.
    """

    runs: int
    completed: int
    failed: int
    cancelled: int
    declined: int
    tokens: int
    cost_usd: float
    fallbacks: int
    reduced: int
    up: int
    down: int
    first_token_p50: float | None
    first_token_p95: float | None
    time_p50: float | None


class Share(Shape):
    """An agent's part of a day."""

    agent: str
    runs: int
    tokens: int
    cost_usd: float


class DayFigures(Figures):
    """A day of UTC. A run of several agents is one here and one for each of them in `agents`."""

    day: str
    agents: list[Share]


class AgentFigures(Figures):
    """The runs that an agent had a part in, with what its own part took."""

    agent: str


class LatestRun(Shape):
    """A run, perhaps under way. `session_id` is that of its conversation, unless that is put away or there is none.

    `agent_id` is whom its conversation is with, `agents` are those who had a part in it.
    """

    id: str
    thread_id: str
    session_id: str | None
    agent_id: str = SUPERVISOR
    user_id: str
    question: str
    agents: list[str]
    status: str
    finish_reason: str | None
    tokens: int
    cost_usd: float
    time: float | None
    created_at: float


class Activity(Page):
    """Every day from the first to today, every agent that had a part, all in all, and a page of the latest runs."""

    days: list[DayFigures]
    agents: list[AgentFigures]
    totals: Figures
    runs: list[LatestRun]


class Person(Shape):
    """Somebody who has a key or has left something, and how much that is."""

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
    """Some of them, by name."""

    people: list[Person]


class PersonRemoved(Shape):
    """What is gone for good. With keys of API_KEYS, which the desk cannot remove, `note` says what to do."""

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
