"""Every event has a wire name of its own, and older clients can read what newer desks say."""

from typing import Any, get_args

import orjson
import pytest
from pydantic import BaseModel, ValidationError

from frontdesk.contracts.events import (
    EVENTS,
    Cancelled,
    Done,
    Error,
    Event,
    Handoff,
    Heartbeat,
    Highlight,
    Reset,
    Route,
    Source,
    Sources,
    Start,
    Terminal,
    Token,
    ToolCall,
    TraceEnd,
    TraceStart,
    TraceUpdate,
    Usage,
)

_USAGE = Usage(prompt=7, completion=3, total=10, cached=2, estimated=True)
_SOURCE = Source(
    id=2,
    title="Refunds",
    uri="billing/refunds.md",
    section="Duplicate charges",
    page=4,
    snippet="5 to 10 working days",
    score=0.75,
    agent="billing",
    document_id="a1",
    version=3,
    whole=True,
)
_PARALLEL = {"parallel_index": 1, "parallel_total": 2}
EXAMPLES: dict[str, Event] = {
    "start": Start(run_id="r", thread_id="t", session_id="s", generation_id="r"),
    "route": Route(agents=["a", "b"], reason="near", confidence=0.5, needs_human=True, router="x", model="y"),
    "trace_start": TraceStart(
        step_id="a.tool", parent_id="a.agent", step_type="tool", step_name="Look", agent="a", **_PARALLEL
    ),
    "trace_update": TraceUpdate(step_id="a.agent", agent="a", progress=0.3, output="half"),
    "trace_end": TraceEnd(step_id="a.agent", agent="a", status="failed", latency_ms=1.5, output="no", usage=_USAGE),
    "sources": Sources(agent="billing", sources=[_SOURCE]),
    "token": Token(content=" días\n", agent="billing"),
    "tool_call": ToolCall(index=0, id="c", name="order_status", arguments='{"order":'),
    "reset": Reset(reason="the model broke off", model="other"),
    "handoff": Handoff(reason="asked", summary="one\ntwo", agent="billing"),
    "done": Done(
        message_id="m",
        usage=_USAGE,
        cost_usd=0.01,
        see_also=[2],
        highlights=[Highlight(start=1, end=3)],
        tokens=3,
        time=1.25,
        finish_reason="hedged",
    ),
    "cancelled": Cancelled(message_id="m", reason="stopped"),
    "error": Error(code="run_timeout", message="no answer", retryable=True),
    "heartbeat": Heartbeat(),
}
_NAMES = sorted(EXAMPLES)


def on_the_wire(event: Event) -> dict[str, Any]:
    return dict(orjson.loads(EVENTS.dump_json(event)))


def test_the_examples_are_all_the_events_there_are() -> None:
    union = get_args(Event)[0]
    assert {type(event) for event in EXAMPLES.values()} == set(get_args(union))


@pytest.mark.parametrize("name", _NAMES)
def test_an_event_comes_back_from_the_wire_as_it_was_sent(name: str) -> None:
    sent = EXAMPLES[name]
    assert on_the_wire(sent)["type"] == name
    received = EVENTS.validate_json(EVENTS.dump_json(sent))
    assert (type(received), received) == (type(sent), sent)


@pytest.mark.parametrize("name", _NAMES)
def test_what_a_newer_desk_adds_is_ignored(name: str) -> None:
    newer = on_the_wire(EXAMPLES[name]) | {"session_id": "s", "added_later": {"deep": [1]}}
    received = EVENTS.validate_json(orjson.dumps(newer))
    assert received == EXAMPLES[name]
    assert "added_later" not in on_the_wire(received)


def test_what_a_newer_desk_adds_to_the_parts_of_an_event_is_ignored() -> None:
    newer = on_the_wire(EXAMPLES["sources"])
    newer["sources"][0]["added_later"] = True
    assert EVENTS.validate_python(newer) == EXAMPLES["sources"]
    newer = on_the_wire(EXAMPLES["done"])
    newer["usage"]["added_later"] = 5
    assert EVENTS.validate_python(newer) == EXAMPLES["done"]


@pytest.mark.parametrize("tag", [{"type": "thought"}, {"type": "Token"}, {"type": None}, {}])
def test_an_event_of_no_known_type_is_refused(tag: dict[str, Any]) -> None:
    token = {"content": "x", "agent": "a"}
    with pytest.raises(ValidationError, match=r"discriminator|tag"):
        EVENTS.validate_python(token | tag)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "token", "agent": "billing"},
        {"type": "trace_update", "step_id": "x", "progress": 1.01},
        {"type": "trace_update", "step_id": "x", "progress": -0.01},
        {"type": "trace_start", "step_id": "x", "step_name": "x", "step_type": "dream"},
        {"type": "trace_end", "step_id": "x", "latency_ms": 1, "status": "paused"},
    ],
)
def test_an_event_that_breaks_its_own_shape_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EVENTS.validate_python(wrong)


def test_the_schema_tells_the_events_apart_by_their_type() -> None:
    schema = EVENTS.json_schema()
    assert schema["discriminator"]["propertyName"] == "type"
    mapping = schema["discriminator"]["mapping"]
    assert set(mapping) == set(EXAMPLES)
    for name, reference in mapping.items():
        definition = schema["$defs"][reference.rpartition("/")[2]]
        assert definition["properties"]["type"]["const"] == name


def test_a_run_ends_with_done_cancelled_or_error_and_nothing_else() -> None:
    kinds: tuple[type[BaseModel], ...] = get_args(Terminal)
    assert {name for name, event in EXAMPLES.items() if isinstance(event, kinds)} == {"done", "cancelled", "error"}


def test_an_event_cannot_be_changed_once_it_is_said() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        EXAMPLES["token"].content = "other"  # type: ignore[union-attr, misc]


def test_usage_adds_up_and_stays_estimated_once_it_is() -> None:
    counted = Usage(prompt=1, completion=1, total=2, cached=1)
    assert counted + _USAGE == Usage(prompt=8, completion=4, total=12, cached=3, estimated=True)
    assert not (counted + counted).estimated
