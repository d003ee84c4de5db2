"""The events of a run: one union, discriminated by `type`.

Every run ends with exactly one of `done`, `cancelled` and `error`; the `content` of its tokens since the last `reset`,
joined, is the stored answer.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

StepType = Literal["route", "retrieve", "generate", "tool", "agent", "parallel", "sequential", "conditional", "retry"]
StepStatus = Literal["started", "completed", "failed", "cancelled"]
# With "hedged", nothing found answers the question, and the answer is the nearest to it.
FinishReason = Literal["stop", "length", "hedged", "declined", "handoff", "tool_calls"]


class _Part(BaseModel):
    # Frames carry their session_id beside the event, and a newer desk may say more than an older client knows.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Usage(_Part):
    """Tokens of one step or one run. `estimated` is true where the provider reported no count.

    `cached` and `cache_written` are parts of `prompt`: read from the provider's cache, and written to it.
    """

    prompt: int = 0
    completion: int = 0
    total: int = 0
    cached: int = 0
    cache_written: int = 0
    estimated: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            total=self.total + other.total,
            cached=self.cached + other.cached,
            cache_written=self.cache_written + other.cache_written,
            estimated=self.estimated or other.estimated,
        )


class Spent(_Part):
    """Tokens and cost of one part of the system."""

    usage: Usage = Usage()
    cost_usd: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(usage=self.usage + other.usage, cost_usd=self.cost_usd + other.cost_usd)


class Source(_Part):
    """A piece of evidence: a passage, or a `whole` document as `cag` reads it. `id` is its citation number."""

    id: int
    title: str
    uri: str
    section: str = ""
    page: int | None = None
    snippet: str
    score: float
    agent: str
    document_id: str
    version: int
    whole: bool = False
    # URLs that occur in it, so that a client can tell an answer's real links from invented ones.
    links: list[str] = []


class Start(_Part):
    """The run has started. `generation_id` is the run's id under the name that the generation gateway uses."""

    type: Literal["start"] = "start"
    run_id: str
    thread_id: str
    session_id: str
    generation_id: str


class EventStamp(_Part):
    """What the log adds to every event that it stores; a `Start` names its session itself."""

    session_id: str
    timestamp: str = Field(json_schema_extra={"format": "date-time"})


class Route(_Part):
    """The agents that answer, the reason, and the router that decided."""

    type: Literal["route"] = "route"
    agents: list[str]
    reason: str
    confidence: float
    needs_human: bool = False
    router: str
    model: str


class TraceStart(_Part):
    """A step has started."""

    type: Literal["trace_start"] = "trace_start"
    step_id: str
    parent_id: str | None = None
    step_type: StepType
    step_name: str
    agent: str | None = None
    status: StepStatus = "started"
    parallel_index: int | None = None
    parallel_total: int | None = None


class TraceUpdate(_Part):
    """A step has progressed. `usage` is what a model's answer has used so far, as far as it is known."""

    type: Literal["trace_update"] = "trace_update"
    step_id: str
    agent: str | None = None
    status: StepStatus = "started"
    progress: float = Field(ge=0, le=1)
    output: str | None = None
    usage: Usage | None = None


class TraceEnd(_Part):
    """A step has ended. `fallback` is true where a model answers because a preferred one failed."""

    type: Literal["trace_end"] = "trace_end"
    step_id: str
    agent: str | None = None
    status: StepStatus = "completed"
    latency_ms: float | None = None
    output: str | None = None
    model: str | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    fallback: bool | None = None


class Sources(_Part):
    """The evidence that an agent answers from."""

    type: Literal["sources"] = "sources"
    agent: str
    sources: list[Source]


class Token(_Part):
    """The next piece of the answer."""

    type: Literal["token"] = "token"
    content: str
    agent: str


class ToolCall(_Part):
    """The next piece of a tool call that a model asks its caller to make: id and name first, then the arguments."""

    type: Literal["tool_call"] = "tool_call"
    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class Reset(_Part):
    """The text so far is withdrawn; the tokens that follow replace it."""

    type: Literal["reset"] = "reset"
    reason: str
    model: str | None = None


class Handoff(_Part):
    """A person should take over: because the user asks for one, no document answers, or the agent's model says so."""

    type: Literal["handoff"] = "handoff"
    cause: Literal["asked", "unanswered", "agent"] = "asked"
    reason: str
    summary: str
    agent: str | None = None


class SupportedSentence(_Part):
    """A sentence of the answer, by its character offsets, and how well the evidence supports it."""

    start: int
    end: int
    score: float = Field(ge=0, le=1)


class Support(_Part):
    """How well the evidence supports the answer's statements, from 0 to 1: as a whole, and sentence by sentence."""

    score: float = Field(ge=0, le=1)
    sentences: list[SupportedSentence]


class Highlight(_Part):
    """The sentence of a quotation that matters most, by its offsets in the answer, counted in Unicode characters."""

    start: int
    end: int


class Done(_Part):
    """The run is complete. `tokens` counts the token events, `tokens_used` what models read and wrote.

    `time` is the seconds since the question.

    `supervisor` and `workers` split the usage and the cost. No model wrote a `quoted` answer; it is `reduced` if one
    should have. A `cached` answer was given before to the same question or a similar one. There is no `support` for a
    fixed answer of the server's own: that it does not know, or hands over. `see_also` are the ids of those sources that
    the answer does not quote and that may answer the question too.
    """

    type: Literal["done"] = "done"
    message_id: str
    usage: Usage
    cost_usd: float
    supervisor: Spent = Spent()
    workers: Spent = Spent()
    reduced: bool = False
    quoted: bool = False
    cached: bool = False
    support: Support | None = None
    see_also: list[int] = []
    highlights: list[Highlight] = []
    tokens: int
    tokens_used: int = 0
    time: float
    finish_reason: FinishReason


class Cancelled(_Part):
    """The run was cancelled; the text so far is kept."""

    type: Literal["cancelled"] = "cancelled"
    message_id: str | None = None
    reason: str


class Error(_Part):
    """The run failed. The code is stable; the message is for people and holds no secret."""

    type: Literal["error"] = "error"
    code: str
    message: str
    retryable: bool


class Heartbeat(_Part):
    """A sign that the connection is alive while nothing else is sent. Neither stored nor numbered."""

    type: Literal["heartbeat"] = "heartbeat"


Event = Annotated[
    Start
    | Route
    | TraceStart
    | TraceUpdate
    | TraceEnd
    | Sources
    | Token
    | ToolCall
    | Reset
    | Handoff
    | Done
    | Cancelled
    | Error
    | Heartbeat,
    Field(discriminator="type"),
]
Terminal = Done | Cancelled | Error

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
