"""What OpenAPI says of a run's events: one schema, told apart by `type`, in a stream of server-sent events."""

from typing import Any

from agents.events import EVENTS

_SCHEMA = EVENTS.json_schema(ref_template="#/components/schemas/{model}")
_EXAMPLE = (
    'id: 0\ndata: {"type":"start","run_id":"...","thread_id":"...","session_id":"s1","generation_id":"..."}\n\n'
    'id: 9\ndata: {"type":"token","content":"A duplicate charge","agent":"billing","session_id":"s1"}\n\n'
)

EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One `Event` a frame: the number in `id`, its JSON in `data`. Heartbeats have no number.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string", "contentMediaType": "text/event-stream"},
                "x-event-schema": {"$ref": "#/components/schemas/Event"},
                "example": _EXAMPLE,
            }
        },
    }
}


def add_events(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the schemas of the events in it."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    definitions = dict(_SCHEMA["$defs"])
    schemas.update({name: schema for name, schema in definitions.items() if name not in schemas})
    schemas["Event"] = {name: value for name, value in _SCHEMA.items() if name != "$defs"}
    return document
