"""Conversion of questions, and of the API's events and answers, to the operations of a page's transcript."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from frontdesk.contracts.answers import Answer
from frontdesk.contracts.events import (
    Cancelled,
    Done,
    Error,
    Event,
    Handoff,
    Heartbeat,
    Reset,
    Route,
    Sources,
    Start,
    Terminal,
    Token,
    ToolCall,
    TraceEnd,
    TraceStart,
    TraceUpdate,
)
from frontdesk.contracts.resources import Step
from ui.chat.conversation import PageQuestion
from ui.chat.operations import (
    AnswerCancelled,
    AnswerCompleted,
    AnswerEnd,
    AnswerFailed,
    AnswerStarted,
    HandoffOffered,
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
    append_op,
)
from ui.chat.partial_support import is_partly_supported


def ops_for_question(question: PageQuestion, key: tuple[str, str], *, is_streaming: bool) -> list[TranscriptOp]:
    """Show a question of the conversation with that key, perhaps in place of its last one, and that it is answered."""
    withdrawn = [QuestionWithdrawn()] if question.replaces_last else []
    return [*withdrawn, QuestionAsked(question.text, *key), AnswerStarted(is_streaming)]


def ops_from_events(events: Sequence[Event]) -> list[TranscriptOp]:
    """Convert a batch of events; its tokens become one piece of text."""
    ops: list[TranscriptOp] = []
    for event in events:
        for op in _ops_from_event(event):
            append_op(ops, op)
    return ops


def ops_from_answer(answer: Answer, steps: Sequence[Step]) -> list[TranscriptOp]:
    """Convert a complete answer and its steps."""
    return [
        RunIdentified(answer.run_id),
        RouteChosen(answer.agents),
        *(StepChanged(step) for step in steps),
        SourcesFound(answer.sources),
        TextAdded(answer.answer),
        _completion_of(answer),
    ]


def trace_from_events(run_id: str, events: Sequence[Event]) -> TraceReplayed:
    """Convert the events of a stored answer to its trace."""
    ops = ops_from_events(events)
    route = next((op for op in reversed(ops) if isinstance(op, RouteChosen)), None)
    return TraceReplayed(run_id, route, [op for op in ops if isinstance(op, StepChanged)])


def _ops_from_event(event: Event) -> Iterator[TranscriptOp]:
    match event:
        case Start():
            yield RunIdentified(event.run_id)
        case Route():
            yield RouteChosen(event.agents, event)
        case TraceStart() | TraceUpdate() | TraceEnd():
            yield StepChanged(event)
        case Sources():
            yield SourcesFound(event.sources)
        case Token():
            yield TextAdded(event.content)
        case Reset():
            yield TextWithdrawn(event.reason)
        case Handoff():
            yield HandoffOffered(event.cause, event.reason)
        case ToolCall() | Heartbeat():
            return
        case _:
            yield _end_from_event(event)


def _end_from_event(event: Terminal) -> AnswerEnd:
    match event:
        case Done():
            return _completion_of(event)
        case Cancelled():
            return AnswerCancelled()
        case Error():
            return AnswerFailed(event.code, event.message, event.retryable)
        case _:
            assert_never(event)


def _completion_of(whole: Done | Answer) -> AnswerCompleted:
    return AnswerCompleted(
        finish_reason=whole.finish_reason,
        tokens=whole.usage.total,
        cost_usd=whole.cost_usd,
        seconds=whole.time,
        is_reduced=whole.reduced,
        is_partly_supported=is_partly_supported(whole),
        see_also=whole.see_also if isinstance(whole, Done) else [section.id for section in whole.see_also],
        highlights=whole.highlights,
    )
