"""The JSON replies of the API whose shape is fixed. Fields that a newer server adds are ignored."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from frontdesk.contracts.events import Source, Spent, StepStatus, StepType, Support, Usage

# The agent id of conversations that belong to no single agent.
SUPERVISOR = "supervisor"
# Statuses of a run that has not ended.
UNDER_WAY = ("queued", "in_progress")


class Shape(BaseModel):
    """The base of all replies: frozen, and tolerant of fields that a newer server adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Step(Shape):
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
    fallback: bool | None = None


class Run(Shape):
    """A question and its outcome, or its state so far while it is in progress."""

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


class Page(Shape):
    """The position of a page within a longer list."""

    total: int
    limit: int
    offset: int


class Thread(Shape):
    """A conversation without its messages; `messages` counts them."""

    id: str
    agent_id: str
    session_id: str
    title: str
    created_at: float
    updated_at: float
    deleted_at: float | None
    messages: int


class Threads(Page):
    """A page of conversations, the last used first."""

    threads: list[Thread]


class Feedback(Shape):
    """A user's rating of an answer."""

    rating: Literal["up", "down"]
    comment: str


class Message(Shape):
    """A turn of a conversation, with the outcome of its run."""

    id: str
    run_id: str
    role: str
    content: str
    created_at: float
    status: str
    finish_reason: str | None
    error_code: str | None
    cost_usd: float | None = None
    tokens: int | None = None
    time: float | None = None
    agents: list[str] = []
    sources: list[Source] = []
    support: Support | None = None
    feedback: Feedback | None


class ThreadWhole(Thread):
    """A conversation with a page of its messages, oldest first."""

    history: list[Message]


class Agent(Shape):
    """An agent as it serves now. Fields for operators are None for other users, and `tools` is empty."""

    id: str
    name: str
    description: str
    examples: list[str]
    strategy: Literal["rag", "cag", "hybrid"] | None = None
    knowledge: str
    model: str | None = None
    tools: list[str] = []
    prompt: str | None = None
    enabled: bool
    origin: Literal["file", "api"] | None = None


class Agents(Shape):
    """All agents in the order of the catalogue, including disabled ones."""

    agents: list[Agent]


class RoutedAgent(Shape):
    """An agent, and the part of the question that it would answer."""

    id: str
    name: str
    question: str


class Routed(Shape):
    """The agents that would answer, the most confident first."""

    agents: list[RoutedAgent]
    reason: str
    confidence: float
    needs_human: bool
    router: str | None
    model: str | None


class Document(Shape):
    """A stored document, without its text."""

    id: str
    folder: str
    source: str
    path: str
    title: str
    content_hash: str
    version: int
    chunks: int
    updated_at: float


class DocumentWhole(Document):
    """A document with its text, as Markdown whatever its original format."""

    markdown: str


class Documents(Shape):
    """A page of documents; if the server reports them, the total and the count of each folder."""

    documents: list[Document]
    total: int | None = None
    folders: dict[str, int] | None = None


class Begun(Shape):
    """A run that has started."""

    run_id: str
    thread_id: str


class KnownAgent(Shape):
    """An agent that may answer."""

    id: str
    name: str


class User(Shape):
    """The user as whom the client is authenticated."""

    id: str
    operator: bool
    scopes: list[str] = []


class Limits(Shape):
    """The limits on message length, document size, request rate and daily spending; None where there is none."""

    message_chars: int
    document_bytes: int
    rate: str | None
    daily_tokens: int | None
    daily_usd: float | None


class Info(Shape):
    """A description of the server and of the user who asks."""

    name: str
    version: str
    catalog: str
    agents: list[KnownAgent]
    user: User
    limits: Limits
    answer_threshold: float


class Problem(Shape):
    """The error inside an `ErrorBody`."""

    code: str
    message: str
    retryable: bool


class ErrorBody(Shape):
    """The single shape of all errors of the API."""

    error: Problem
