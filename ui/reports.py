"""What a desk reports to those who run it: who waits for a person, and what nobody answers."""

from ui.shapes import Message, Page, Shape


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
    """With the conversation up to now."""

    transcript: list[Message]


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
