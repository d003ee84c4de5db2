"""The operations of a transcript: as JSON, and in agreement with the page's scripts."""

import re
from collections.abc import Sequence
from typing import get_args

import pytest

from frontdesk.contracts.answers import RelatedSection
from frontdesk.contracts.events import (
    Done,
    Event,
    Handoff,
    Highlight,
    Reset,
    Route,
    Source,
    Sources,
    Start,
    Support,
    Token,
    TraceStart,
    TraceUpdate,
    Usage,
)
from frontdesk.contracts.resources import Message
from tests.serving import ROOT
from ui.chat.op_json import JsonObject, op_to_json
from ui.chat.op_stream import OpStream
from ui.chat.operations import (
    AnswerCancelled,
    AnswerCompleted,
    AnswerFailed,
    AnswerStarted,
    ConversationOpened,
    HandoffRequested,
    OlderMessagesAdded,
    QuestionAsked,
    QuestionWithdrawn,
    RouteChosen,
    RunIdentified,
    TextAdded,
    TextWithdrawn,
    TranscriptOp,
)
from ui.chat.transcript_ops import ops_from_events, trace_from_events

SCRIPTS = ROOT / "assets" / "desk"
APPLIED = re.compile(r'case "(\w+)":')
RESTS = re.compile(r"const RESTS = new Set\(\[(.*)\]\);")
OPERATIONS = {op.op for op in get_args(TranscriptOp)}

START = Start(run_id="run", thread_id="t", session_id="s", generation_id="g")
ROUTE = Route(agents=["billing"], reason="prices", confidence=0.9, router="words", model="")
STEP = TraceStart(step_id="1", step_type="agent", step_name="billing", agent="billing")
PROGRESS = TraceUpdate(step_id="1", progress=0.5)
SOURCE = Source(id=1, title="Prices", uri="file:p", snippet="37", score=1, agent="billing", document_id="d", version=2)
SHOWN_SOURCE = {
    "id": 1,
    "title": "Prices",
    "section": "",
    "snippet": "37",
    "agent": "billing",
    "document_id": "d",
    "version": 2,
    "whole": False,
    "links": [],
}
ROUTE_JSON = {
    "op": "route",
    "agents": ["billing"],
    "reason": "prices",
    "confidence": 0.9,
    "needs_human": False,
    "router": "words",
    "model": "",
}
STEP_JSON = {
    "op": "step",
    "step_id": "1",
    "step_type": "agent",
    "step_name": "billing",
    "agent": "billing",
    "status": "started",
}


def message(role: str, content: str = "", status: str = "completed") -> Message:
    return Message(
        id=f"{role}-id",
        run_id="run",
        role=role,
        content=content,
        created_at=1,
        status=status,
        finish_reason=None,
        error_code=None,
        feedback=None,
    )


def test_the_scripts_apply_exactly_the_operations_of_the_union() -> None:
    assert set(APPLIED.findall((SCRIPTS / "turns.js").read_text())) == OPERATIONS


def test_the_operations_that_the_scripts_name_elsewhere_exist() -> None:
    script = (SCRIPTS / "transcript.jsx").read_text()
    rests = RESTS.search(script)
    assert rests
    named = {*re.findall(r'"(\w+)"', rests[1]), *re.findall(r'\bop\.op === "(\w+)"', script)}
    assert named
    assert named <= OPERATIONS


@pytest.mark.parametrize(
    ("op", "json"),
    [
        (QuestionAsked("hello", "s", "a"), {"op": "asked", "text": "hello", "session": "s", "agent": "a"}),
        (AnswerStarted(is_streaming=True), {"op": "answering", "streaming": True}),
        (QuestionWithdrawn(), {"op": "withdraw"}),
        (RunIdentified("run"), {"op": "run", "run": "run"}),
        (RouteChosen(["billing"]), {"op": "route", "agents": ["billing"]}),
        (TextWithdrawn("retry"), {"op": "reset", "reason": "retry"}),
        (HandoffRequested(), {"op": "handed"}),
        (AnswerCancelled(), {"op": "end", "status": "cancelled"}),
        (
            AnswerFailed("busy", "Later.", retryable=True),
            {"op": "end", "status": "failed", "code": "busy", "message": "Later.", "retryable": True},
        ),
        (
            AnswerCompleted(
                "hedged",
                tokens=5,
                cost_usd=0.1,
                seconds=2,
                is_reduced=False,
                see_also=[2],
                highlights=[Highlight(start=3, end=9)],
            ),
            {
                "op": "end",
                "status": "completed",
                "finish": "hedged",
                "tokens": 5,
                "cost": 0.1,
                "time": 2,
                "reduced": False,
                "partly": False,
                "see_also": [2],
                "highlights": [[3, 9]],
            },
        ),
        (
            OlderMessagesAdded([], before=5, earlier=3),
            {"op": "older", "turns": [], "before": 5, "earlier": 3},
        ),
        (
            ConversationOpened("s", "", [], 0, is_unreadable=True),
            {"op": "open", "session": "s", "agent": "", "turns": [], "earlier": 0, "unread": True},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_operation_as_json(op: TranscriptOp, json: JsonObject) -> None:
    assert op_to_json(op) == json


def to_json(ops: Sequence[TranscriptOp]) -> list[JsonObject]:
    return [op_to_json(op) for op in ops]


def test_events_become_operations_and_their_tokens_one_piece_of_text() -> None:
    events: list[Event] = [
        START,
        ROUTE,
        STEP,
        PROGRESS,
        Sources(agent="billing", sources=[SOURCE]),
        Token(content="It is ", agent="billing"),
        Token(content="37.", agent="billing"),
        Reset(reason="retry"),
        Handoff(reason="no document", summary="", cause="unanswered"),
    ]
    assert to_json(ops_from_events(events)) == [
        {"op": "run", "run": "run"},
        ROUTE_JSON,
        STEP_JSON,
        {"op": "step", "step_id": "1", "status": "started", "progress": 0.5},
        {"op": "sources", "sources": [SHOWN_SOURCE]},
        {"op": "text", "text": "It is 37."},
        {"op": "reset", "reason": "retry"},
        {"op": "handoff", "cause": "unanswered", "reason": "no document"},
    ]


def test_a_trace_holds_the_route_and_the_steps() -> None:
    assert op_to_json(trace_from_events("run", [ROUTE, STEP])) == {
        "op": "trace",
        "run": "run",
        "route": ROUTE_JSON,
        "steps": [STEP_JSON],
    }


def test_a_question_without_a_stored_answer_is_shown_with_an_empty_one() -> None:
    opened = op_to_json(ConversationOpened("s", "", [message("user", "hello", "failed")], 0))
    assert opened["turns"] == [
        {"role": "user", "text": "hello"},
        {"role": "assistant", "text": "", "run": "run", "status": "failed", "agents": [], "sources": []},
    ]


def test_a_stored_answer_is_shown_with_its_sources() -> None:
    related = RelatedSection(id=1, title="Prices", uri="file:p", document_id="d")
    found = {"sources": [SOURCE], "see_also": [related], "highlights": [Highlight(start=0, end=2)]}
    answer = message("assistant", "37").model_copy(update={**found, "agents": ["billing"], "tokens": 5})
    opened = op_to_json(ConversationOpened("s", "", [message("user", "price"), answer], 0))
    assert opened["turns"] == [
        {"role": "user", "text": "price"},
        {
            "role": "assistant",
            "text": "37",
            "run": "run",
            "status": "completed",
            "finish": None,
            "agents": ["billing"],
            "sources": [SHOWN_SOURCE],
            "rating": None,
            "tokens": 5,
            "cost": None,
            "time": None,
            "partly": False,
            "see_also": [1],
            "highlights": [[0, 2]],
        },
    ]


@pytest.mark.parametrize(
    ("score", "quoted", "partly"), [(0.49, False, True), (0.5, False, False), (0.1, True, False), (None, False, False)]
)
def test_only_what_a_model_wrote_is_partly_supported(score: float | None, quoted: bool, partly: bool) -> None:
    support = None if score is None else Support(score=score, sentences=[])
    done = Done(
        message_id="m",
        usage=Usage(),
        cost_usd=0,
        tokens=1,
        time=1,
        finish_reason="stop",
        quoted=quoted,
        support=support,
        see_also=[4],
    )
    (end,) = to_json(ops_from_events([done]))
    assert (end["partly"], end["see_also"]) == (partly, [4])


def test_updates_are_sent_again_until_the_page_has_acknowledged_them() -> None:
    stream = OpStream("visit")
    epoch = stream.open_with([RunIdentified("run")])["epoch"]
    update = stream.append_ops([TextAdded("a")])
    assert (update["first"], len(update["ops"])) == (0, 2)
    assert stream.acknowledge_ops(epoch, 1) is None
    assert stream.acknowledge_ops(epoch, 2) == {"epoch": epoch, "first": 2, "ops": []}
    assert stream.append_ops([TextAdded("b")])["ops"] == [{"op": "text", "text": "b"}]
