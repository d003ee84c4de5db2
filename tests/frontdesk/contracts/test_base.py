"""The models of replies: what a client takes from older and newer desks, and what the schema promises of this one."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from frontdesk.contracts.access import KeyInfo
from frontdesk.contracts.base import ErrorBody
from frontdesk.contracts.reports import HandoffInfo
from frontdesk.contracts.resources import DocumentPage, Message

MESSAGE: dict[str, Any] = {
    "id": "m1",
    "run_id": "r1",
    "role": "user",
    "content": "Hello",
    "created_at": 1.0,
    "status": "completed",
    "finish_reason": None,
    "error_code": None,
    "feedback": None,
}


def test_a_field_that_an_older_desk_leaves_out_has_its_default() -> None:
    message = Message.model_validate_json(json.dumps(MESSAGE))
    assert (message.cost_usd, message.agents, message.sources) == (None, [], [])
    assert DocumentPage.model_validate_json('{"documents": []}').folders is None


def test_the_schema_requires_what_this_desk_always_sends() -> None:
    schema = Message.model_json_schema(mode="serialization")
    assert set(schema["required"]) == {*MESSAGE, "cost_usd", "tokens", "time"}
    assert "default" not in schema["properties"]["cost_usd"]
    assert schema["properties"]["agents"]["default"] == []
    handover = HandoffInfo.model_json_schema(mode="serialization")
    assert handover["required"] == list(HandoffInfo.model_fields)
    page = DocumentPage.model_json_schema(mode="serialization")
    assert page["required"] == ["total", "limit", "offset", "folders", "documents"]
    assert page["properties"]["total"] == {"title": "Total", "type": "integer"}


def test_what_a_newer_desk_adds_is_ignored_except_beside_a_message() -> None:
    problem = {"code": "late", "message": "Later.", "retryable": True, "added_later": 1}
    assert ErrorBody.model_validate({"error": problem, "added_later": {}}).model_dump() == {
        "error": {"code": "late", "message": "Later.", "retryable": True}
    }
    assert Message.model_validate({**MESSAGE, "added_later": 1}).model_dump()["added_later"] == 1


def test_a_scope_that_a_newer_desk_knows_is_read() -> None:
    key = dict.fromkeys(KeyInfo.model_fields) | {
        "id": "k",
        "origin": "desk",
        "user": "ada",
        "label": "",
        "state": "active",
    }
    assert KeyInfo.model_validate({**key, "scopes": ["chat", "later"]}).scopes == ["chat", "later"]
    scopes = KeyInfo.model_json_schema(mode="serialization")["properties"]["scopes"]
    assert scopes["items"]["enum"] == ["metrics", "documents", "chat", "operator"]


def test_a_reply_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Message.model_validate(MESSAGE).content = "Other"  # type: ignore[misc]
