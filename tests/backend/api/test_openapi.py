"""What the OpenAPI document says is what the desk does: cases made up from it, good and bad, for every operation."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.specs.openapi.checks import negative_data_rejection
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from backend.app import create_app
from backend.settings import Settings
from backend.users import digest_of
from frontdesk.contracts.base import ErrorBody
from frontdesk.contracts.events import EVENTS
from tests.backend.agents import SALES
from tests.serving import ROOT, Server, serve

DOCUMENT = create_app(Settings()).openapi()
KEYED = create_app(Settings(api_keys=f"ada:sha256:{digest_of('key')}")).openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {operation["operationId"]: operation for item in DOCUMENT["paths"].values() for operation in item.values()}
CONFIG = schemathesis.Config.from_path(ROOT / "tests" / "schema.toml")
MADE_UP = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
RANDOM = hypothesis.settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk whose model answers any question with three words."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("openapi") / "data"))
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0) as server:
        yield server


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


@pytest.fixture
def known(desk: Server) -> dict[str, Any]:
    """Ids of what there is: an agent, a conversation with it, its run, a hand-over, a document."""
    with desk.client() as client:
        client.post("/api/agents", json=SALES)
        client.put("/api/agents/sales", json=SALES).raise_for_status()
        run = client.post("/api/agents/sales/chat", json={"message": "hello there"}).json()
        client.post("/chat", json={"message": "I want to talk to a person"}).raise_for_status()
        handovers = client.get("/api/handovers").json()["handovers"]
        form = {"folder": "billing", "path": "known.md"}
        document = client.post("/api/documents", data=form, files={"file": b"# Known\n\nText."}).json()
    ids = {
        "agent_id": "sales",
        "agent_type": "sales",
        "run_id": run["run_id"],
        "replaces": run["run_id"],
        "generation_id": run["run_id"],
        "user": "local",
        # This desk has no keys, which its answer says.
        "key_id": "none",
        "model_name": "qwen3-4b",
    }
    return {**ids, "thread_id": run["thread_id"], "handover_id": handovers[-1]["id"], "document_id": document["id"]}


@MADE_UP.parametrize()
@RANDOM
def test_an_operation_does_what_is_said_of_it(
    case: schemathesis.Case[Any], desk: Server, session: requests.Session
) -> None:
    response = case.call(base_url=desk.url, session=session, timeout=60)
    case.validate_response(response)
    assert response.status_code < 500
    if response.status_code >= 400:
        assert ErrorBody.model_validate(response.json()).model_dump() == response.json()


@MADE_UP.include(path_regex="[{]").parametrize()
@RANDOM
def test_it_does_so_with_ids_of_what_there_is(
    case: schemathesis.Case[Any], desk: Server, session: requests.Session, known: dict[str, Any]
) -> None:
    case.path_parameters = {name: known[name] for name in case.path_parameters}
    if isinstance(case.body, dict):
        case.body |= {name: known[name] for name in case.body if name in known}
    response = case.call(base_url=desk.url, session=session, timeout=60)
    case.validate_response(response, excluded_checks=[negative_data_rejection])
    assert response.status_code < 500
    assert response.status_code != 404 or case.method == "DELETE"


def test_what_is_possible_at_an_address_is_told_whole(desk: Server) -> None:
    with desk.client() as client:
        refused = {path: client.options(path).headers["allow"] for path in ("/api/agents", "/api/agents/billing")}
    assert refused == {"/api/agents": "GET, POST", "/api/agents/billing": "GET, PUT, DELETE"}


def test_results_that_no_tool_call_waits_for_are_refused(desk: Server) -> None:
    body = {"session_id": "orphans", "tool_results": [{"tool_call_id": "nobodys", "content": "17"}]}
    with desk.client() as client:
        reply = client.post("/api/llm/chat/session", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "tool_result_unknown")


def test_nothing_unexpected_was_logged(desk: Server) -> None:
    log = (desk.data_dir.parent / f"{desk.data_dir.name}-server.log").read_text()
    assert "run ended: done" in log
    assert "Traceback" not in log
    assert " ERROR " not in log


@pytest.mark.parametrize("document", [DOCUMENT, KEYED], ids=["open", "keyed"])
def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []


def test_every_event_is_told_apart_by_its_type() -> None:
    event = SCHEMAS["Event"]
    assert event["discriminator"]["propertyName"] == "type"
    assert {one["$ref"] for one in event["oneOf"]} == set(event["discriminator"]["mapping"].values())
    assert set(event["discriminator"]["mapping"]) == set(EVENTS.json_schema()["discriminator"]["mapping"])
    for name, reference in event["discriminator"]["mapping"].items():
        schema = SCHEMAS[reference.rpartition("/")[2]]
        assert schema["properties"]["type"]["const"] == name
        assert "type" in schema["required"]


def test_every_stream_says_what_its_frames_hold() -> None:
    frames = {}
    for name, operation in OPERATIONS.items():
        if stream := operation["responses"].get("200", {}).get("content", {}).get("text/event-stream"):
            frames[name] = stream["schema"]["properties"]["data"]["contentSchema"]["$ref"].rpartition("/")[2]
    assert frames == {
        "chat_stream": "Event",
        "chat_with_agent": "Event",
        "follow_run": "Event",
        "stream_generation": "GatewayFrame",
        "stream_generation_v1": "GatewayFrame",
        "stream_model": "LlmFrame",
        "stream_model_in_session": "LlmFrame",
    }


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_is_described(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert len(operation["tags"]) == 1
    for body in operation.get("requestBody", {}).get("content", {}).values():
        schema = SCHEMAS[body["schema"]["$ref"].rpartition("/")[2]]
        shown = [name for name in schema.get("required", ()) if "examples" in schema["properties"][name]]
        assert "examples" in schema or shown
    replies = {status: reply for status, reply in operation["responses"].items() if status < "300"}
    for reply in replies.values():
        for content in reply["content"].values():
            assert content["schema"] not in ({}, {"type": "object", "additionalProperties": True})
    for status in operation["responses"].keys() - replies.keys():
        failed = operation["responses"][status]["content"]["application/json"]["schema"]
        assert "ErrorBody" in str(failed)


def test_operations_have_names_of_their_own() -> None:
    assert len(OPERATIONS) == sum(len(item) for item in DOCUMENT["paths"].values())
    assert all(name.isidentifier() for name in OPERATIONS)


def test_a_key_is_asked_for_where_one_is_wanted() -> None:
    assert "security" not in DOCUMENT
    assert KEYED["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
    assert KEYED["security"] == [{"bearer": []}, {"header": []}]
    own = {path: item["get"]["security"] for path, item in KEYED["paths"].items() if "security" in item.get("get", {})}
    assert own == {"/ready": [{}, *KEYED["security"]], "/health": [{}, *KEYED["security"]]}
