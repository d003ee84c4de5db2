"""Conversion of the API's events, answers and messages to the operations of a page's transcript."""

from collections.abc import Iterator, Sequence
from typing import Any

from frontdesk.contracts.answers import Answer
from frontdesk.contracts.events import (
    Cancelled,
    Done,
    Error,
    Event,
    Handoff,
    Reset,
    Route,
    Source,
    Sources,
    Start,
    Token,
    TraceEnd,
    TraceStart,
    TraceUpdate,
)
from frontdesk.contracts.resources import Message, Step
from ui.chat.op_stream import Op

# The fields of a source that a page shows; no others are sent.
_SHOWN = {"id", "title", "section", "page", "snippet", "document_id", "version", "agent", "whole", "links"}


def asked(message: str, session_id: str, agent: str) -> Op:
    """Show the user's message, and the conversation that may start with it."""
    return {"op": "asked", "text": message, "session": session_id, "agent": agent}


def waiting(streaming: bool) -> Op:
    """Show that an answer is in progress."""
    return {"op": "answering", "streaming": streaming}


def begun(run_id: str) -> Op:
    """Report the id of the answer's run."""
    return {"op": "run", "run": run_id}


def withdrawn() -> Op:
    """Remove the last question and its answer, which another question replaces."""
    return {"op": "withdraw"}


def stopped() -> Op:
    """End the answer as cancelled."""
    return {"op": "end", "status": "cancelled"}


def opened(session_id: str, agent: str, messages: Sequence[Message], earlier: int) -> Op:
    """Show the end of a conversation; `earlier` counts the messages before it."""
    return {"op": "open", "session": session_id, "agent": agent, "turns": _turns(messages), "earlier": earlier}


def handed_over() -> Op:
    """Report that a person has been requested, so that the page does not offer it again."""
    return {"op": "handed"}


def unread(session_id: str, agent: str) -> Op:
    """Show that a conversation could not be read."""
    return opened(session_id, agent, [], 0) | {"unread": True}


def older(messages: Sequence[Message], before: int, earlier: int) -> Op:
    """Show the messages before the one with that number."""
    return {"op": "older", "turns": _turns(messages), "before": before, "earlier": earlier}


def trace(run_id: str, events: Sequence[Event]) -> Op:
    """Show the trace of a stored answer."""
    ops = of_events(events)
    route = next((op for op in reversed(ops) if op["op"] == "route"), None)
    return {"op": "trace", "run": run_id, "route": route, "steps": [op for op in ops if op["op"] == "step"]}


def of_events(events: Sequence[Event]) -> list[Op]:
    """Convert a batch of events; its tokens become one piece of text."""
    ops: list[Op] = []
    for op in (op for event in events for op in _of(event)):
        if op["op"] == "text" and ops and ops[-1]["op"] == "text":
            ops[-1]["text"] += op["text"]
        else:
            ops.append(op)
    return ops


def of_answer(answer: Answer, steps: Sequence[Step]) -> list[Op]:
    """Convert a complete answer and its steps."""
    routed = {"op": "route", "agents": answer.agents}
    return [
        begun(answer.run_id),
        routed,
        *(_ended_step(step) for step in steps),
        {"op": "sources", "sources": [_source(source) for source in answer.sources]},
        {"op": "text", "text": answer.answer},
        _completed(answer),
    ]


def failed(code: str, message: str, *, retryable: bool) -> Op:
    """End the answer with an error."""
    return {"op": "end", "status": "failed", "code": code, "message": message, "retryable": retryable}


def _of(event: Event) -> Iterator[Op]:
    match event:
        case Start():
            yield begun(event.run_id)
        case Route():
            yield {"op": "route", **event.model_dump(exclude={"type"})}
        case TraceStart() | TraceUpdate() | TraceEnd():
            yield {"op": "step", **event.model_dump(exclude={"type"}, exclude_none=True)}
        case Sources():
            yield {"op": "sources", "sources": [_source(source) for source in event.sources]}
        case Token():
            yield {"op": "text", "text": event.content}
        case Reset():
            yield {"op": "reset", "reason": event.reason}
        case Handoff():
            yield {"op": "handoff", "cause": event.cause, "reason": event.reason}
        case Done() | Cancelled() | Error():
            yield _ended(event)


def _ended(event: Done | Cancelled | Error) -> Op:
    if isinstance(event, Done):
        return _completed(event)
    if isinstance(event, Cancelled):
        return stopped()
    return failed(event.code, event.message, retryable=event.retryable)


def _completed(whole: Done | Answer) -> Op:
    return {
        "op": "end",
        "status": "completed",
        "finish": whole.finish_reason,
        "tokens": whole.usage.total,
        "cost": whole.cost_usd,
        "time": whole.time,
        "reduced": whole.reduced,
        "support": whole.support.score if whole.support else None,
    }


def _ended_step(step: Step) -> Op:
    return {"op": "step", **step.model_dump(exclude={"started_at"}, exclude_none=True)}


def _source(source: Source) -> dict[str, Any]:
    return source.model_dump(include=_SHOWN, exclude_none=True)


def _turns(messages: Sequence[Message]) -> list[Op]:
    answered = {message.run_id for message in messages if message.role != "user"}
    return [
        turn
        for message in messages
        for turn in ([_turn(message)] if message.run_id in answered else [_turn(message), _unanswered(message)])
    ]


def _unanswered(message: Message) -> Op:
    """Add an empty answer where none is stored: it failed, or was cancelled before its first word."""
    return {
        "role": "assistant",
        "text": "",
        "run": message.run_id,
        "status": message.status,
        "agents": [],
        "sources": [],
    }


def _turn(message: Message) -> Op:
    """Convert a stored message, with the details that a page shows."""
    turn: Op = {"role": message.role, "text": message.content}
    if message.role == "user":
        return turn
    return turn | {
        "run": message.run_id,
        "status": message.status,
        "finish": message.finish_reason,
        "agents": message.agents,
        "sources": [_source(source) for source in message.sources],
        "rating": message.feedback.rating if message.feedback else None,
        "tokens": message.tokens,
        "cost": message.cost_usd,
        "time": message.time,
        "support": message.support.score if message.support else None,
    }
