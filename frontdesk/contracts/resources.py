"""What a desk answers in JSON, where its shape is settled. What a newer desk adds is ignored."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from frontdesk.contracts.events import Source, Spent, StepStatus, StepType, Support, Usage

# What the conversations are called that no single agent has.
SUPERVISOR = "supervisor"
# Of a run whose answer is to come.
UNDER_WAY = ("queued", "in_progress")


class Shape(BaseModel):
    """Frozen, and open to what a newer desk adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Answer(Shape):
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


class Page(Shape):
    """Some of many."""

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
    """Some conversations, the last used first."""

    threads: list[Thread]


class Feedback(Shape):
    """What was said of an answer."""

    rating: Literal["up", "down"]
    comment: str


class Message(Shape):
    """A turn of a conversation, with what became of its run."""

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
    """A conversation with a page of its messages, the oldest first."""

    history: list[Message]


class Agent(Shape):
    """An agent as it serves now. What only operators are shown is None to others, and its tools are none."""

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
    """Every agent, in the order of the catalogue, also those that are switched off."""

    agents: list[Agent]


class RoutedAgent(Shape):
    """An agent, and the part of the question that it would answer."""

    id: str
    name: str
    question: str


class Routed(Shape):
    """Who would answer, the surest first."""

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
    """With its text, as Markdown whatever format it came in."""

    markdown: str


class Documents(Shape):
    """Some documents; of a desk that says so, how many there are in all and in each folder."""

    documents: list[Document]
    total: int | None = None
    folders: dict[str, int] | None = None


class Begun(Shape):
    """A run that is under way."""

    run_id: str
    thread_id: str


class KnownAgent(Shape):
    """An agent that may answer."""

    id: str
    name: str


class User(Shape):
    """Who you are to a desk."""

    id: str
    operator: bool
    scopes: list[str] = []


class Limits(Shape):
    """How much may be sent and asked; None where there is no limit."""

    message_chars: int
    document_bytes: int
    rate: str | None
    daily_tokens: int | None
    daily_usd: float | None


class Info(Shape):
    """A desk, and who you are to it."""

    name: str
    version: str
    catalog: str
    agents: list[KnownAgent]
    user: User
    limits: Limits
    answer_threshold: float


class Problem(Shape):
    """What is wrong, inside the one shape of a desk's errors."""

    code: str
    message: str
    retryable: bool


class ErrorBody(Shape):
    """The one shape."""

    error: Problem
