"""The JSON replies of the API whose shape is fixed. Fields that a newer server adds are ignored, but by `Message`."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from frontdesk.contracts.answers import RelatedSection
from frontdesk.contracts.base import ALWAYS_SENT, KeyScope, Page, RunStatus, Shape
from frontdesk.contracts.events import Highlight, Source, Spent, StepStatus, StepType, Support, Usage

# The agent id of conversations that belong to no single agent.
SUPERVISOR = "supervisor"
# Statuses of a run that has not ended.
UNDER_WAY = ("queued", "in_progress")

_COUNTS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer"}}
_ROUTED: dict[str, Any] = {
    "agents": [{"id": "sales", "name": "Sales", "question": "Can I try it before I buy?"}],
    "reason": "nearest to what Sales knows",
    "confidence": 0.93,
    "needs_human": False,
    "router": "meaning",
    "model": "embedded",
}


class Step(Shape):
    """A step of a run."""

    run_id: str
    step_id: str
    parent_id: str | None
    step_type: StepType
    step_name: str
    agent: str | None
    status: StepStatus
    started_at: float
    latency_ms: float | None
    output: str | None
    usage: Usage | None
    model: str | None
    cost_usd: float | None
    fallback: Annotated[bool | None, ALWAYS_SENT] = None


class Feedback(Shape):
    """A user's rating of an answer."""

    rating: Literal["up", "down"]
    comment: str


class Rating(Feedback):
    """The rating of an answer, and when it was given."""

    created_at: float


class RunWhole(Shape):
    """A question with its answer, its steps, and their usage and cost: so far, while it is in progress."""

    id: str
    thread_id: str
    session_id: str
    user_id: str
    agent_id: str
    status: RunStatus
    question: str
    created_at: float
    ended_at: float | None
    finish_reason: str | None
    error_code: str | None
    attempts: int
    replaces: Annotated[str | None, ALWAYS_SENT] = None
    replaced_by: Annotated[str | None, ALWAYS_SENT] = None
    answer: str | None
    usage: Usage
    cost_usd: float
    supervisor: Spent
    workers: Spent
    support: Support | None = None
    see_also: list[RelatedSection] = Field(default=[])
    highlights: list[Highlight] = Field(default=[])
    feedback: Rating | None
    steps: list[Step]


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


class ThreadPage(Page):
    """A page of conversations, the last used first."""

    threads: list[Thread]


class Message(Shape):
    """A turn of a conversation with the outcome of its run, and for an answer, its agents and its sources."""

    # What is kept with an answer goes along, whether it has a field here or not.
    model_config = ConfigDict(extra="allow")

    id: str
    run_id: str
    role: str
    content: str
    created_at: float
    status: str
    finish_reason: str | None
    error_code: str | None
    cost_usd: Annotated[float | None, ALWAYS_SENT] = None
    tokens: Annotated[int | None, ALWAYS_SENT] = None
    time: Annotated[float | None, ALWAYS_SENT] = None
    agents: list[str] = Field(default=[])
    sources: list[Source] = Field(default=[])
    quoted: bool = False
    support: Support | None = None
    see_also: list[RelatedSection] = Field(default=[])
    highlights: list[Highlight] = Field(default=[])
    feedback: Feedback | None


class ThreadWhole(Thread):
    """A conversation with a page of its messages, oldest first; `messages` counts all of them."""

    history: list[Message]


class AgentInfo(Shape):
    """An agent as it serves now. Fields for operators are None for other users, and `tools` is empty."""

    id: str
    name: str
    description: str
    examples: list[str]
    strategy: Literal["rag", "cag", "hybrid"] | None = None
    knowledge: str
    model: str | None = None
    tools: list[str] = Field(default=[])
    prompt: str | None = None
    cache: Literal["off", "exact", "similar"] | None = None
    enabled: bool
    origin: Literal["file", "api"] | None = None


class AgentList(Shape):
    """All agents in the order of the catalogue, including disabled ones."""

    agents: list[AgentInfo]


class RoutedAgent(Shape):
    """An agent, and the part of the question that it would answer."""

    id: str
    name: str
    question: str


class RouteResponse(Shape):
    """The agents that would answer, the most confident first; none where a person is asked for or nothing is asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROUTED]})

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


class LinkedDocument(Shape):
    """A document to which a link in another one leads."""

    id: str
    title: str
    folder: str


class DocumentLinks(Shape):
    """The documents to which links lead, by the links' targets. A target without a document is not among them."""

    links: dict[str, LinkedDocument]


class DocumentPage(Shape):
    """A page of everybody's documents and the user's own, and the number in each folder, whichever folder is listed."""

    total: Annotated[int | None, ALWAYS_SENT, WithJsonSchema({"type": "integer"})] = None
    limit: Annotated[int | None, ALWAYS_SENT, WithJsonSchema({"type": "integer"})] = None
    offset: Annotated[int | None, ALWAYS_SENT, WithJsonSchema({"type": "integer"})] = None
    folders: Annotated[dict[str, int] | None, ALWAYS_SENT, WithJsonSchema(_COUNTS)] = None
    documents: list[Document]


class Begun(Shape):
    """A run that has started."""

    run_id: str
    thread_id: str


class KnownAgent(Shape):
    """An agent that may answer."""

    id: str
    name: str


class KnownUser(Shape):
    """The user as whom the client is authenticated."""

    id: str
    operator: bool
    scopes: Annotated[list[KeyScope], ALWAYS_SENT] = Field(default=[])


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
    user: KnownUser
    limits: Limits
    answer_threshold: float
    hedge_threshold: float = 0.0
