"""A reader of server-sent events, as a client would read them."""

from collections.abc import Iterator
from typing import Any

import httpx
import orjson


def frames(response: httpx.Response) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """Yield the number and the data of each frame; heartbeats have no number."""
    number: int | None = None
    for line in response.iter_lines():
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            yield number, orjson.loads(line[6:])
            number = None


def text_of(events: list[dict[str, Any]]) -> str:
    """Return the answer: all tokens since the last reset."""
    text = ""
    for event in events:
        if event["type"] == "reset":
            text = ""
        elif event["type"] == "token":
            text += event["content"]
    return text


def check_whole(numbered: list[tuple[int | None, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Assert numbers without a gap from 0 and exactly one terminal event, at the end; return the stored events."""
    stored = [(number, event) for number, event in numbered if event["type"] != "heartbeat"]
    assert [number for number, _ in stored] == list(range(len(stored)))
    events = [event for _, event in stored]
    ends = [event["type"] for event in events if event["type"] in ("done", "cancelled", "error")]
    assert len(ends) == 1
    assert events[-1]["type"] == ends[0]
    return events
