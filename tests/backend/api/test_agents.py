"""`/api/agents`: what is shown, made, changed, switched off and deleted, and what is refused."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.backend.agents import SALES, listing, make

FILES = ["billing", "compliance", "general", "technical"]
METADATA = "openai-compatible:m@http://169.254.169.254/v1"


def error_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_the_agents_of_files_are_shown_as_such(client: httpx.Client) -> None:
    agents = listing(client)
    assert list(agents) == FILES
    assert {(agent["origin"], agent["enabled"]) for agent in agents.values()} == {("file", True)}
    assert client.get("/api/agents/billing").json() == agents["billing"]
    assert agents["billing"]["prompt"].startswith("You are the billing specialist")


def test_a_new_agent_is_shown_as_it_was_made(client: httpx.Client) -> None:
    response = client.post("/api/agents", json=SALES)
    assert response.status_code == httpx.codes.CREATED
    assert response.json() == SALES | {"origin": "api"}
    assert client.get("/api/agents/sales").json() == response.json()
    assert list(listing(client)) == [*FILES, "sales"]


def test_an_id_that_is_taken_is_refused(client: httpx.Client) -> None:
    assert error_of(client.post("/api/agents", json=SALES | {"id": "billing"})) == (409, "agent_exists")
    make(client)
    assert error_of(client.post("/api/agents", json=SALES | {"name": "Other"})) == (409, "agent_exists")
    assert listing(client)["sales"]["name"] == "Sales"


@pytest.mark.parametrize("agent_id", ["sales", "Not_an-Id", "x" * 48])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_agent_that_is_not_there_is_not_found(client: httpx.Client, method: str, agent_id: str) -> None:
    body = {name: value for name, value in SALES.items() if name != "id"} if method == "PUT" else None
    assert error_of(client.request(method, f"/api/agents/{agent_id}", json=body)) == (404, "agent_not_found")


def test_a_change_replaces_every_field(client: httpx.Client) -> None:
    least = {"name": "Money", "description": "d", "knowledge": "money", "prompt": "p"}
    changed = client.put("/api/agents/billing", json=least).raise_for_status().json()
    assert changed == least | {
        "id": "billing",
        "examples": [],
        "strategy": "rag",
        "model": None,
        "tools": [],
        "cache": "off",
        "enabled": True,
        "origin": "api",
    }
    assert client.get("/api/agents/billing").json() == changed


def test_what_is_shown_can_be_sent_back(client: httpx.Client) -> None:
    shown = client.get("/api/agents/billing").json()
    changed = client.put("/api/agents/billing", json=shown | {"name": "Money"}).raise_for_status().json()
    assert changed == shown | {"name": "Money", "origin": "api"}
    # As its file says again.
    assert client.put("/api/agents/billing", json=shown).json() == shown


def test_an_agent_keeps_its_id(client: httpx.Client) -> None:
    response = client.put("/api/agents/billing", json=SALES)
    assert error_of(response) == (422, "agent_id_mismatch")
    assert "'sales'" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "n" * 81),
        ("name", "two\nlines"),
        ("name", "bell\x07"),
        ("name", 7),
        ("description", ""),
        ("description", "d" * 1001),
        ("description", "half \ud800"),
        ("examples", ["why?"] * 51),
        ("examples", "why?"),
        ("examples.0", ["  "]),
        ("examples.1", ["why?", "e" * 501]),
        ("strategy", "guess"),
        ("knowledge", "../secrets"),
        ("model", "gpt"),
        ("model", "openai-compatible:m@http://user:secret@127.0.0.1/v1"),
        ("prompt", "  "),
        ("prompt", "p" * 20_001),
        ("enabled", "yes"),
        ("colour", "red"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(client: httpx.Client, field: str, value: object) -> None:
    fields = SALES | {field.split(".")[0]: value}
    # Half a character can only be sent in ASCII.
    client.headers["content-type"] = "application/json"
    made = client.post("/api/agents", content=json.dumps(fields))
    changed = client.put("/api/agents/billing", content=json.dumps(fields | {"id": "billing"}))
    for response in (made, changed):
        assert error_of(response) == (422, "invalid_request")
        assert response.json()["error"]["message"].startswith(f"{field}: ")
        assert "secret" not in response.text
    assert {agent["origin"] for agent in listing(client).values()} == {"file"}


@pytest.mark.parametrize("agent_id", ["supervisor", "llm", "Sales", "1st", "with-hyphen", "", "s" * 49, None])
def test_an_id_that_cannot_be_is_refused_by_name(client: httpx.Client, agent_id: str | None) -> None:
    response = client.post("/api/agents", json=SALES | {"id": agent_id})
    assert error_of(response) == (422, "invalid_request")
    assert response.json()["error"]["message"].startswith("id: ")


def test_an_address_that_nobody_named_is_refused(client: httpx.Client) -> None:
    assert error_of(client.post("/api/agents", json=SALES | {"model": METADATA})) == (422, "model_address_refused")
    changed = client.put("/api/agents/billing", json=SALES | {"id": "billing", "model": f"embedded,{METADATA}"})
    assert error_of(changed) == (422, "model_address_refused")
    assert list(listing(client)) == FILES
    assert "169.254" not in client.get("/health").text


def test_the_last_agent_can_neither_be_deleted_nor_switched_off(client: httpx.Client) -> None:
    for agent_id in FILES[:-1]:
        assert client.delete(f"/api/agents/{agent_id}").json() == {"deleted": agent_id}
    last = client.get("/api/agents/technical").json()
    assert error_of(client.delete("/api/agents/technical")) == (409, "last_agent")
    assert error_of(client.put("/api/agents/technical", json=last | {"enabled": False})) == (409, "last_agent")
    assert listing(client) == {"technical": last}


def test_changes_at_once_leave_one_whole_agent(client: httpx.Client) -> None:
    make(client)
    changes = [
        SALES
        | {"name": f"Sales {n}", "description": f"About {n}.", "examples": [f"What of {n}?"], "prompt": f"Say {n}."}
        for n in range(12)
    ]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda fields: client.put("/api/agents/sales", json=fields), changes))
    assert [outcome.json() for outcome in outcomes] == [fields | {"origin": "api"} for fields in changes]
    assert listing(client)["sales"] in [fields | {"origin": "api"} for fields in changes]


def test_health_shows_the_agents_that_answer_and_their_models(client: httpx.Client) -> None:
    def health() -> tuple[list[str], list[str]]:
        told = client.get("/health").json()
        return [agent["id"] for agent in told["agents"]], [model["model"] for model in told["models"]]

    agents, models = health()
    make(client, model="openai:gpt-made-up")
    assert health() == ([*agents, "sales"], [*models, "openai:gpt-made-up"])
    client.put("/api/agents/sales", json=SALES | {"enabled": False, "model": "openai:gpt-made-up"}).raise_for_status()
    assert health() == (agents, models)


def test_the_doors_are_described_with_examples(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("NewAgent", "ChangedAgent", "ShownAgent", "RouteRequest", "RouteResponse", "Deleted"):
        assert schemas[name]["examples"], name
