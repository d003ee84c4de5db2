"""What the model door refuses before anything is asked of a model."""

import json
from typing import Any

import httpx
import pytest

USER = {"role": "user", "content": "Hello?"}
CALL = {"id": "a", "name": "look", "arguments": "{}"}
CALLS = {"role": "assistant", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "found"}


def tool(name: str = "look", **more: object) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth):
        inner = {"properties": inner}
    return inner


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"messages": []}, "invalid_request"),
        ({"messages": [{"role": "user", "content": "  "}]}, "invalid_request"),
        ({"messages": [USER, {"role": "assistant", "content": "Hi"}]}, "invalid_request"),
        ({"messages": [{"role": "system", "content": "Be brief."}]}, "invalid_request"),
        ({"messages": [CALLS, RESULT]}, "invalid_request"),
        ({"messages": [USER, RESULT]}, "invalid_request"),
        ({"messages": [USER, CALLS, RESULT, RESULT]}, "invalid_request"),
        ({"messages": [USER, {**CALLS, "tool_calls": [{**CALL, "name": "no name"}]}, RESULT]}, "invalid_request"),
        ({"messages": [USER], "temperature": 2.1}, "invalid_request"),
        ({"messages": [USER], "top_p": 0}, "invalid_request"),
        ({"messages": [USER], "max_tokens": 0}, "invalid_request"),
        ({"messages": [USER], "tools": [tool(), tool()]}, "invalid_request"),
        ({"messages": [USER], "tools": [tool("no name")]}, "invalid_request"),
        ({"messages": [USER], "tool_choice": "required"}, "invalid_request"),
        ({"messages": [USER], "tools": [tool()], "tool_choice": "other"}, "invalid_request"),
        ({"messages": [USER, {"role": "assistant", "content": "\ud800"}, USER]}, "invalid_request"),
        ({"messages": [USER], "tools": [tool(parameters={"title": "\udfff"})]}, "message_invalid"),
        *(({"messages": [USER], "tools": [tool(parameters=nested(depth))]}, "message_invalid") for depth in (220, 600)),
    ],
)
@pytest.mark.parametrize("path", ["chat", "chat/stream"])
def test_what_no_model_can_be_asked_is_refused(ann: httpx.Client, path: str, asked: dict[str, Any], code: str) -> None:
    content = json.dumps(asked)
    response = ann.post(f"/api/llm/{path}", content=content, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) == (422, code)


@pytest.mark.parametrize(
    "asked",
    [
        {"message": "no session"},
        {"session_id": "s"},
        {"session_id": "s", "message": " "},
        {"session_id": "../s", "message": "Hello?"},
        {"session_id": "s", "message": "half a character: \ud800"},
        {"session_id": "s", "tool_results": [{"content": "found"}]},
    ],
)
@pytest.mark.parametrize("path", ["chat/session", "chat/session/stream"])
def test_a_session_needs_a_name_and_something_said(ann: httpx.Client, path: str, asked: dict[str, Any]) -> None:
    content = json.dumps(asked)
    response = ann.post(f"/api/llm/{path}", content=content, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_request")


def test_one_user_does_not_see_the_session_of_another(ann: httpx.Client, ben: httpx.Client) -> None:
    asked = {"session_id": "same", "message": "Hello?"}
    threads = [
        client.get(f"/runs/{client.post('/api/llm/chat/session', json=asked).json()['run_id']}").json()["thread_id"]
        for client in (ann, ben, ann)
    ]
    assert threads[0] == threads[2] != threads[1]
