"""What a desk answers in JSON, where its shape is settled. What a newer desk adds is ignored."""

from pydantic import BaseModel, ConfigDict

from agents.events import Source, Spent, StepStatus, StepType, Support, Usage


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Answer(_Shape):
    """A whole answer."""

    answer: str
    session_id: str
    thread_id: str
    run_id: str
    agents: list[str]
    sources: list[Source]
    usage: Usage
    cost_usd: float
    supervisor: Spent
    workers: Spent
    reduced: bool
    support: Support | None = None
    time: float
    finish_reason: str


class Step(_Shape):
    """A step of a run."""

    step_id: str
    parent_id: str | None
    step_type: StepType
    step_name: str
    agent: str | None
    status: StepStatus
    started_at: float
    latency_ms: float | None
    output: str | None
    model: str | None
    usage: Usage | None
    cost_usd: float | None


class Run(_Shape):
    """A question and what became of it: so far, while it is under way."""

    id: str
    thread_id: str
    session_id: str
    status: str
    question: str
    created_at: float
    ended_at: float | None
    finish_reason: str | None
    error_code: str | None
    replaces: str | None = None
    replaced_by: str | None = None
    answer: str | None
    usage: Usage
    cost_usd: float
    supervisor: Spent
    workers: Spent
    support: Support | None = None
    steps: list[Step]


class Problem(_Shape):
    """What is wrong, inside the one shape of a desk's errors."""

    code: str
    message: str
    retryable: bool


class ErrorBody(_Shape):
    """The one shape."""

    error: Problem
