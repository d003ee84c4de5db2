"""The operations that update the transcript on a page, one class for each kind.

`op` is the name under which the page's scripts know an operation (`assets/desk/turns.js`); `ui/chat/op_json.py` writes
them as JSON. Those of `ConversationOp` change the list of turns, those of `AnswerOp` the answer at its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from frontdesk.contracts.events import Highlight, Route, Source, TraceEnd, TraceStart, TraceUpdate
from frontdesk.contracts.resources import Message, Step


@dataclass(frozen=True)
class ConversationOpened:
    """Show the end of a conversation; `earlier` counts the messages before it."""

    op: ClassVar[Literal["open"]] = "open"
    session_id: str
    agent: str
    messages: Sequence[Message]
    earlier: int
    is_unreadable: bool = False


@dataclass(frozen=True)
class OlderMessagesAdded:
    """Show the messages before the one with the number `before`."""

    op: ClassVar[Literal["older"]] = "older"
    messages: Sequence[Message]
    before: int
    earlier: int


@dataclass(frozen=True)
class QuestionAsked:
    """Show the user's message, and the conversation that may start with it."""

    op: ClassVar[Literal["asked"]] = "asked"
    text: str
    session_id: str
    agent: str


@dataclass(frozen=True)
class AnswerStarted:
    """Show that an answer is in progress."""

    op: ClassVar[Literal["answering"]] = "answering"
    is_streaming: bool


@dataclass(frozen=True)
class QuestionWithdrawn:
    """Remove the last question and its answer, which another question replaces."""

    op: ClassVar[Literal["withdraw"]] = "withdraw"


@dataclass(frozen=True)
class RunIdentified:
    """Report the id of the answer's run."""

    op: ClassVar[Literal["run"]] = "run"
    run_id: str


@dataclass(frozen=True)
class RouteChosen:
    """Show the agents that answer, and the router's decision if it is known."""

    op: ClassVar[Literal["route"]] = "route"
    agents: Sequence[str]
    decision: Route | None = None


@dataclass(frozen=True)
class StepChanged:
    """Show that a step has started, progressed or ended, or how it ended."""

    op: ClassVar[Literal["step"]] = "step"
    step: TraceStart | TraceUpdate | TraceEnd | Step


@dataclass(frozen=True)
class TraceReplayed:
    """Show the trace of a stored answer."""

    op: ClassVar[Literal["trace"]] = "trace"
    run_id: str
    route: RouteChosen | None
    steps: Sequence[StepChanged]


@dataclass(frozen=True)
class SourcesFound:
    """Show the evidence that an answer cites."""

    op: ClassVar[Literal["sources"]] = "sources"
    sources: Sequence[Source]


@dataclass(frozen=True)
class TextAdded:
    """Append the next piece of the answer's text."""

    op: ClassVar[Literal["text"]] = "text"
    text: str


@dataclass(frozen=True)
class TextWithdrawn:
    """Remove the answer's text so far; the pieces that follow replace it."""

    op: ClassVar[Literal["reset"]] = "reset"
    reason: str


@dataclass(frozen=True)
class HandoffOffered:
    """Offer to request a person."""

    op: ClassVar[Literal["handoff"]] = "handoff"
    cause: str
    reason: str


@dataclass(frozen=True)
class HandoffRequested:
    """Report that a person has been requested, so that the page does not offer it again."""

    op: ClassVar[Literal["handed"]] = "handed"


@dataclass(frozen=True)
class AnswerCompleted:
    """End the answer as complete, with its figures and what is shown of its support.

    `see_also` are the ids of the sources that may answer the question too.
    """

    op: ClassVar[Literal["end"]] = "end"
    finish_reason: str
    tokens: int
    cost_usd: float
    seconds: float
    is_reduced: bool
    is_partly_supported: bool = False
    see_also: Sequence[int] = ()
    highlights: Sequence[Highlight] = ()


@dataclass(frozen=True)
class AnswerCancelled:
    """End the answer as cancelled."""

    op: ClassVar[Literal["end"]] = "end"


@dataclass(frozen=True)
class AnswerFailed:
    """End the answer with an error."""

    op: ClassVar[Literal["end"]] = "end"
    code: str
    message: str
    retryable: bool


ConversationOp = (
    ConversationOpened
    | OlderMessagesAdded
    | QuestionAsked
    | AnswerStarted
    | QuestionWithdrawn
    | RunIdentified
    | TraceReplayed
)
AnswerEnd = AnswerCompleted | AnswerCancelled | AnswerFailed
AnswerOp = (
    RouteChosen | StepChanged | SourcesFound | TextAdded | TextWithdrawn | HandoffOffered | HandoffRequested | AnswerEnd
)
TranscriptOp = ConversationOp | AnswerOp


def append_op(ops: list[TranscriptOp], op: TranscriptOp) -> None:
    """Append an operation; text that follows text is joined with it."""
    if isinstance(op, TextAdded) and ops and isinstance(last := ops[-1], TextAdded):
        ops[-1] = TextAdded(last.text + op.text)
    else:
        ops.append(op)
