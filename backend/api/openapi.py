"""Additions to the OpenAPI document: the frames of every stream, and the key that a desk requires."""

from typing import Any

from pydantic import TypeAdapter

from frontdesk.contracts.events import EVENTS, EventStamp
from frontdesk.contracts.gateway import GATEWAY_FRAMES, SOCKET_FRAMES
from frontdesk.contracts.llm import LLM_FRAMES

Responses = dict[int | str, dict[str, Any]]

_REFERENCE = "#/components/schemas/{model}"
_FRAMES: dict[str, TypeAdapter[Any]] = {
    "Event": EVENTS,
    "GatewayFrame": GATEWAY_FRAMES,
    "SocketFrame": SOCKET_FRAMES,
    "LlmFrame": LLM_FRAMES,
}
_STAMP: dict[str, Any] = EventStamp.model_json_schema()["properties"]
# These endpoints answer without a key too, if with less.
_OPEN_DOORS = ("/ready", "/health")


def event_stream(frame: str, description: str, example: str, *, numbered: bool = False) -> Responses:
    """Describe a stream of server-sent events whose `data` is JSON of that schema."""
    content = {"type": "string", "contentMediaType": "application/json"}
    data = {**content, "contentSchema": {"$ref": _REFERENCE.format(model=frame)}}
    number = {"id": {"type": "string", "pattern": "^[0-9]+$"}} if numbered else {}
    schema = {"type": "object", "required": ["data"], "properties": {**number, "data": data}}
    return {200: {"description": description, "content": {"text/event-stream": {"schema": schema, "example": example}}}}


EVENT_STREAM = event_stream(
    "Event",
    "One `Event` a frame: the number in `id`, its JSON in `data`. Heartbeats have no number.",
    'id: 0\ndata: {"type":"start","run_id":"...","thread_id":"...","session_id":"s1","generation_id":"..."}\n\n'
    'id: 9\ndata: {"type":"token","content":"A duplicate charge","agent":"billing","session_id":"s1"}\n\n',
    numbered=True,
)
GATEWAY_STREAM = event_stream(
    "GatewayFrame",
    "Frames of JSON, the last with `final`, `cancelled` or `error`.",
    'data: {"token":"Within ","text":"Within "}\n\n'
    'data: {"final":true,"text":"Within 30 days.","usage":{},"generation_id":"...","cost_usd":0.0001,'
    '"finish_reason":"stop"}\n\n',
)
LLM_STREAM = event_stream(
    "LlmFrame",
    "Frames of JSON, the last with `done`, `cancelled` or `error`.",
    'data: {"content":"Hello"}\n\n'
    'data: {"done":true,"usage":{},"cost_usd":0.0001,"run_id":"...","finish_reason":"stop","session_id":"s1",'
    '"tool_calls":[]}\n\n',
)


def complete(document: dict[str, Any], *, keyed: bool) -> dict[str, Any]:
    """Add the schemas of all frames to the document, and the key, if one is required."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name, adapter in _FRAMES.items():
        whole = adapter.json_schema(ref_template=_REFERENCE, mode="serialization")
        for part, schema in whole.pop("$defs").items():
            schemas.setdefault(part, schema)
        schemas[name] = whole
    _tell_events_apart(schemas)
    if keyed:
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        document["security"] = [{"bearer": []}, {"header": []}]
        for path in _OPEN_DOORS:
            document["paths"][path]["get"]["security"] = [{}, *document["security"]]
    return document


def _tell_events_apart(schemas: dict[str, Any]) -> None:
    """Require the type of every event, and add the fields that the log stamps on it."""
    for reference in schemas["Event"]["discriminator"]["mapping"].values():
        event = schemas[reference.rpartition("/")[2]]
        event["required"] = sorted({"type", *event.get("required", ())})
        event["properties"] |= {name: what for name, what in _STAMP.items() if name not in event["properties"]}
