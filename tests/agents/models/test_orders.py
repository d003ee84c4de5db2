"""Who is asked, and in which order."""

from typing import Any

import pytest
from pydantic import ValidationError

from agents.catalog import Agent
from agents.errors import ModelNameInvalid
from agents.models.orders import ModelOrder, supervisor_order, worker_order
from agents.settings import AgentSettings
from tests.agents.models.upstream import isolate

OWN = "http://127.0.0.1:1001"
SHARED = "http://127.0.0.1:1002"
TECHNICAL = "technical"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(monkeypatch)
    for agent in ("TECHNICAL", "BILLING", "API_SUPPORT"):
        monkeypatch.delenv(f"{agent}_MODEL_URL", raising=False)


def agent(model: str | None = None, agent_id: str = TECHNICAL) -> Agent:
    return Agent(id=agent_id, name="T", description="d", knowledge="k", prompt="p", model=model)


def workers(model: str | None = None, agent_id: str = TECHNICAL, **settings: Any) -> str:
    """The order of an agent as one string."""
    return shown(worker_order(agent(model, agent_id), AgentSettings(**settings)))


def shown(order: ModelOrder) -> str:
    return " > ".join(map(str, order.models))


@pytest.mark.parametrize(
    ("own_url", "line", "shared_url", "expected"),
    [
        ("", None, "", "openai:gpt-4o > embedded"),
        ("", None, SHARED, f"openai-compatible:@{SHARED}/v1 > openai:gpt-4o > embedded"),
        ("", "bedrock:m", "", "bedrock:m > embedded"),
        ("", "bedrock:m", SHARED, "bedrock:m > embedded"),
        (OWN, None, "", f"openai-compatible:@{OWN}/v1 > openai:gpt-4o > embedded"),
        (OWN, None, SHARED, f"openai-compatible:@{OWN}/v1 > openai:gpt-4o > embedded"),
        (OWN, "bedrock:m", "", f"openai-compatible:@{OWN}/v1 > bedrock:m > embedded"),
        (OWN, "bedrock:m", SHARED, f"openai-compatible:@{OWN}/v1 > bedrock:m > embedded"),
    ],
)
def test_an_agents_own_server_goes_first_then_its_line_then_what_all_share(
    monkeypatch: pytest.MonkeyPatch, own_url: str, line: str | None, shared_url: str, expected: str
) -> None:
    monkeypatch.setenv("TECHNICAL_MODEL_URL", own_url)
    assert workers(line, worker_model="openai:gpt-4o", ai_service_url=shared_url) == expected


def test_a_server_of_one_agent_is_not_asked_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_SUPPORT_MODEL_URL", OWN)
    assert workers(agent_id="billing", worker_model="openai:gpt-4o") == "openai:gpt-4o > embedded"
    assert workers(agent_id="api_support", worker_model="embedded") == f"openai-compatible:@{OWN}/v1 > embedded"


def test_a_server_that_the_chain_names_too_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHNICAL_MODEL_URL", OWN)
    chain = f"openai:gpt-4o,openai-compatible:@{OWN}/v1"
    assert workers(worker_model=chain) == f"openai-compatible:@{OWN}/v1 > openai:gpt-4o > embedded"


@pytest.mark.parametrize(
    ("chain", "fallback", "expected"),
    [
        ("openai:a", True, "openai:a > embedded"),
        ("openai:a,embedded", True, "openai:a > embedded"),
        ("embedded,openai:a", True, "openai:a > embedded"),
        ("embedded", True, "embedded"),
        ("openai:a", False, "openai:a"),
        ("openai:a,embedded", False, "openai:a"),
        ("embedded", False, "embedded"),
        ("embedded,embedded", False, "embedded"),
    ],
)
def test_the_embedded_model_is_last_or_absent_unless_it_is_the_only_one(
    chain: str, fallback: bool, expected: str
) -> None:
    settings = AgentSettings(supervisor_model=chain, worker_model=chain, embedded_fallback=fallback)
    assert shown(supervisor_order(settings)) == shown(worker_order(agent(), settings)) == expected
    assert shown(worker_order(agent(chain), settings)) == expected


def test_without_the_fallback_a_server_is_not_followed_by_the_embedded_model() -> None:
    expected = f"openai-compatible:@{SHARED}/v1 > openai:a"
    assert workers(worker_model="openai:a,embedded", ai_service_url=SHARED, embedded_fallback=False) == expected


def test_the_fallback_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_MODEL", "openai:a")
    for text, expected in (("false", "openai:a"), ("true", "openai:a > embedded")):
        monkeypatch.setenv("EMBEDDED_FALLBACK", text)
        assert workers() == expected


def test_only_an_order_that_nobody_set_is_assumed() -> None:
    assert supervisor_order(AgentSettings()).assumed
    assert worker_order(agent(), AgentSettings()).assumed
    assert not supervisor_order(AgentSettings(supervisor_model="openai:a")).assumed
    assert supervisor_order(AgentSettings(worker_model="openai:a")).assumed
    assert not worker_order(agent(), AgentSettings(worker_model="openai:a")).assumed
    assert not worker_order(agent("openai:gpt-4o-mini,embedded"), AgentSettings()).assumed
    assert not worker_order(agent(), AgentSettings(ai_service_url=SHARED)).assumed


def test_an_agents_server_makes_its_order_a_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHNICAL_MODEL_URL", OWN)
    assert not worker_order(agent(), AgentSettings()).assumed
    assert worker_order(agent(agent_id="billing"), AgentSettings()).assumed


def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="'localhost:8081' is no address"):
        workers(ai_service_url="localhost:8081")
    monkeypatch.setenv("TECHNICAL_MODEL_URL", "technical.example")
    with pytest.raises(ModelNameInvalid, match=r"'technical\.example' is no address"):
        workers()
