"""Operations as the JSON that a page's scripts apply (`assets/desk/turns.js`)."""

from collections.abc import Sequence
from typing import assert_never

from frontdesk.contracts.events import Highlight, Source, TraceEnd, TraceStart, TraceUpdate
from frontdesk.contracts.resources import Message, Step
from ui.chat.operations import (
    AnswerCancelled,
    AnswerCompleted,
    AnswerEnd,
    AnswerFailed,
    AnswerOp,
    AnswerStarted,
    ConversationOp,
    ConversationOpened,
    HandoffOffered,
    HandoffRequested,
    OlderMessagesAdded,
    QuestionAsked,
    QuestionWithdrawn,
    RouteChosen,
    RunIdentified,
    SourcesFound,
    StepChanged,
    TextAdded,
    TextWithdrawn,
    TraceReplayed,
    TranscriptOp,
)
from ui.chat.partial_support import is_partly_supported

JsonObject = dict[str, object]

# The fields of a source that a page shows; no others are sent.
_SHOWN = {"id", "title", "section", "page", "snippet", "document_id", "version", "agent", "whole", "links"}


def op_to_json(op: TranscriptOp) -> JsonObject:
    """Return an operation as a JSON object that its name under `op` tells from others."""
    fields = _conversation_fields(op) if isinstance(op, ConversationOp) else _answer_fields(op)
    return {"op": op.op, **fields}


def _conversation_fields(op: ConversationOp) -> JsonObject:
    match op:
        case ConversationOpened():
            place: JsonObject = {"session": op.session_id, "agent": op.agent}
            turns: JsonObject = {"turns": _turns_of(op.messages), "earlier": op.earlier}
            return place | turns | {"unread": True} if op.is_unreadable else place | turns
        case OlderMessagesAdded():
            return {"turns": _turns_of(op.messages), "before": op.before, "earlier": op.earlier}
        case QuestionAsked():
            return {"text": op.text, "session": op.session_id, "agent": op.agent}
        case AnswerStarted():
            return {"streaming": op.is_streaming}
        case QuestionWithdrawn():
            return {}
        case RunIdentified():
            return {"run": op.run_id}
        case TraceReplayed():
            route = op_to_json(op.route) if op.route else None
            return {"run": op.run_id, "route": route, "steps": [op_to_json(step) for step in op.steps]}
        case _:
            assert_never(op)


def _answer_fields(op: AnswerOp) -> JsonObject:
    match op:
        case RouteChosen():
            return op.decision.model_dump(exclude={"type"}) if op.decision else {"agents": list(op.agents)}
        case StepChanged():
            return _step_fields(op.step)
        case SourcesFound():
            return {"sources": _sources_to_json(op.sources)}
        case TextAdded():
            return {"text": op.text}
        case TextWithdrawn():
            return {"reason": op.reason}
        case HandoffOffered():
            return {"cause": op.cause, "reason": op.reason}
        case HandoffRequested():
            return {}
        case _:
            return _end_fields(op)


def _end_fields(op: AnswerEnd) -> JsonObject:
    match op:
        case AnswerCompleted():
            return {
                "status": "completed",
                "finish": op.finish_reason,
                "tokens": op.tokens,
                "cost": op.cost_usd,
                "time": op.seconds,
                "reduced": op.is_reduced,
                "partly": op.is_partly_supported,
                **_beside_the_text(op.see_also, op.highlights),
            }
        case AnswerCancelled():
            return {"status": "cancelled"}
        case AnswerFailed():
            return {"status": "failed", "code": op.code, "message": op.message, "retryable": op.retryable}
        case _:
            assert_never(op)


def _step_fields(step: TraceStart | TraceUpdate | TraceEnd | Step) -> JsonObject:
    return step.model_dump(exclude={"started_at", "run_id"} if isinstance(step, Step) else {"type"}, exclude_none=True)


def _sources_to_json(sources: Sequence[Source]) -> list[JsonObject]:
    return [source.model_dump(include=_SHOWN, exclude_none=True) for source in sources]


def _beside_the_text(see_also: Sequence[int], highlights: Sequence[Highlight]) -> JsonObject:
    return {"see_also": list(see_also), "highlights": [[one.start, one.end] for one in highlights]}


def _turns_of(messages: Sequence[Message]) -> list[JsonObject]:
    answered = {message.run_id for message in messages if message.role != "user"}
    return [
        turn
        for message in messages
        for turn in (
            [_turn_of(message)] if message.run_id in answered else [_turn_of(message), _unanswered_turn(message)]
        )
    ]


def _unanswered_turn(message: Message) -> JsonObject:
    """Return an empty answer where none is stored: it failed, or was cancelled before its first word."""
    return {
        "role": "assistant",
        "text": "",
        "run": message.run_id,
        "status": message.status,
        "agents": [],
        "sources": [],
    }


def _turn_of(message: Message) -> JsonObject:
    """Return a stored message with the details that a page shows."""
    turn: JsonObject = {"role": message.role, "text": message.content}
    if message.role == "user":
        return turn
    return turn | {
        "run": message.run_id,
        "status": message.status,
        "finish": message.finish_reason,
        "agents": message.agents,
        "sources": _sources_to_json(message.sources),
        "rating": message.feedback.rating if message.feedback else None,
        "tokens": message.tokens,
        "cost": message.cost_usd,
        "time": message.time,
        "partly": is_partly_supported(message),
        **_beside_the_text([section.id for section in message.see_also], message.highlights),
    }
