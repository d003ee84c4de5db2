"""Models that are opened, looked for again, and checked."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from agents.catalog import Agent
from agents.models import model as model_module
from agents.models.bedrock.provider import BedrockProvider
from agents.models.check import check_models
from agents.models.circuit_breaker import BreakerState, CircuitBreaker
from agents.models.failures import FailureKind, ModelFailure
from agents.models.model import Model
from agents.models.model_name import EMBEDDED, ModelName, parse_server
from agents.models.registry import ModelRegistry
from agents.settings import AgentSettings
from tests.agents.models.upstream import BEDROCK, OPENAI, Upstream, hear, until
from tests.providers.clients import TOKENS
from tests.providers.script import Fault

NOBODY = "http://127.0.0.1:1/v1"


@pytest.fixture
def keyless(openai: Upstream, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model of OpenAI's for which there is no key."""
    monkeypatch.delenv("OPENAI_API_KEY")
    return openai.model()


async def test_a_model_without_a_key_is_held_back_and_asks_nobody(openai: Upstream, keyless: Model) -> None:
    assert keyless.held_back() is None
    heard = await hear(keyless)
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.NO_CREDENTIALS
    assert keyless.held_back() is heard.failure
    assert (keyless.state, keyless.breaker) == ("no_credentials", BreakerState.CLOSED)
    assert openai.server.requests == []


async def test_a_key_is_looked_for_again_after_a_while(keyless: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    await hear(keyless)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    assert keyless.held_back() is not None
    await asyncio.sleep(0)
    assert keyless._looking is None
    monkeypatch.setattr(model_module, "_LOOK_AGAIN_SECONDS", -1.0)
    assert keyless.held_back() is not None  # whoever asks now is answered by another model
    await until(lambda: keyless.held_back() is None)
    assert (await hear(keyless)).text == "".join(TOKENS)
    assert keyless.state == "ready"


async def test_a_key_that_is_still_missing_is_not_looked_for_without_end(
    keyless: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hear(keyless)
    keyless._looked_at = time.monotonic() - model_module._LOOK_AGAIN_SECONDS - 1
    assert keyless.held_back() is not None
    assert keyless._looking is not None
    await keyless._looking
    first = keyless._looking
    assert keyless.held_back() is not None
    assert keyless._looking is first


async def test_bedrock_without_credentials_is_held_back(bedrock: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    bedrock.make = BedrockProvider
    model = bedrock.model()
    heard = await hear(model)
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.NO_CREDENTIALS
    assert model.held_back() is heard.failure
    await model.close()


async def test_a_model_is_opened_once_for_all_that_wait_for_it(openai: Upstream) -> None:
    made = []
    make = openai.make

    def count(name: ModelName, settings: AgentSettings) -> Any:
        made.append(name)
        return make(name, settings)

    openai.make = count
    model = openai.model()
    heard = await asyncio.gather(*(hear(model) for _ in range(5)))
    assert [other.text for other in heard] == ["".join(TOKENS)] * 5
    assert made == [OPENAI]


async def test_a_server_of_ones_own_is_asked_for_its_model(own: Upstream) -> None:
    assert (await hear(own.model())).text == "".join(TOKENS)
    assert [(request.method, request.path) for request in own.server.requests] == [
        ("GET", "/v1/models"),
        ("POST", "/v1/chat/completions"),
    ]
    assert own.chats[0].body["model"] == "gpt-4o-mini"


async def test_what_is_asked_of_a_model_is_what_the_settings_say(bedrock: Upstream, openai: Upstream) -> None:
    await hear(openai.model(model_max_tokens=77))
    await hear(bedrock.model())
    body = openai.chats[0].body
    assert body.get("max_tokens", body.get("max_completion_tokens")) == 77
    assert (body["temperature"], body["stream"]) == (0, True)
    assert openai.chats[0].headers["authorization"] == "Bearer sk-secret-of-the-test"
    assert bedrock.chats[0].body["inferenceConfig"] == {"maxTokens": 1024, "temperature": 0}
    assert bedrock.chats[0].body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 1}}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("gpt-4.1", {"temperature": 0}),
        ("gpt-5-mini", {"reasoning_effort": "minimal"}),
        ("o3", {"reasoning_effort": "low"}),
        ("gpt-5.4-mini", {"temperature": 0, "reasoning_effort": "none"}),
        ("gpt-6-luna", {"temperature": 0, "reasoning_effort": "none"}),
    ],
)
async def test_a_model_that_reasons_is_not_sent_what_it_refuses(
    openai: Upstream, model: str, fields: dict[str, Any]
) -> None:
    await hear(openai.model(name=ModelName("openai", model)))
    body = openai.chats[0].body
    assert {name: body[name] for name in ("temperature", "reasoning_effort") if name in body} == fields


async def test_a_server_of_ones_own_gets_its_own_key_and_never_openais(own: Upstream) -> None:
    await hear(own.model(ai_service_api_key="own-key"))
    await hear(own.model())
    keys = [request.headers["authorization"] for request in own.chats]
    assert keys == ["Bearer own-key", "Bearer none"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (None, None),
        (Fault.UNAUTHORIZED, FailureKind.REFUSED),
        (Fault.LOADING, FailureKind.LOADING),
        (Fault.HANG, FailureKind.TIMED_OUT),
    ],
)
async def test_a_check_finds_what_is_wrong(openai: Upstream, fault: Fault | None, kind: FailureKind | None) -> None:
    openai.play(TOKENS, fault)
    # The SDK's own deadline for a description is that of the first token; the model's is a connection's time later.
    brief: dict[str, Any] = (
        {"model_first_token_seconds": 0.3, "model_connect_seconds": 0.3} if fault is Fault.HANG else {}
    )
    model = openai.model(**brief)
    if kind is None:
        await model.check()
        assert (model.state, model.last) == ("ready", None)
        return
    with pytest.raises(ModelFailure) as caught:
        await model.check()
    assert model.last is caught.value
    assert model.state == caught.value.kind
    assert caught.value.kind in (kind, *([FailureKind.STALLED] if fault is Fault.HANG else []))
    assert not openai.chats


async def test_a_check_of_an_unknown_model_says_so(openai: Upstream) -> None:
    openai.play(TOKENS, Fault.UNKNOWN_MODEL)
    model = openai.model(name=ModelName("openai", "gpt-unheard-of"))
    with pytest.raises(ModelFailure) as caught:
        await model.check()
    assert (caught.value.kind, model.state) == (FailureKind.UNKNOWN_MODEL, "unknown_model")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.FORBIDDEN, FailureKind.REFUSED),
        (Fault.THROTTLED, FailureKind.THROTTLED),
        (Fault.UNKNOWN_MODEL, FailureKind.UNKNOWN_MODEL),
    ],
)
async def test_a_check_of_bedrock_asks_for_one_token(bedrock: Upstream, fault: Fault, kind: FailureKind) -> None:
    model = bedrock.model()
    await model.check()
    assert model.state == "ready"
    assert bedrock.chats[0].body["inferenceConfig"]["maxTokens"] == 1
    bedrock.play(TOKENS, fault)
    with pytest.raises(ModelFailure) as caught:
        await model.check()
    assert (caught.value.kind, model.state, model.breaker) == (kind, str(kind), BreakerState.CLOSED)


async def test_a_check_that_takes_too_long_is_given_up(bedrock: Upstream) -> None:
    bedrock.play(TOKENS, Fault.STALL)
    began = time.monotonic()
    model = bedrock.model(model_first_token_seconds=0.2, model_connect_seconds=0.1)
    with pytest.raises(ModelFailure) as caught:
        await model.check()
    assert (caught.value.kind, model.state) == (FailureKind.TIMED_OUT, "timed_out")
    assert time.monotonic() - began < 15


async def test_every_model_of_a_desk_is_found_well_or_not(openai: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    agent = Agent(id="a", name="A", description="d", knowledge="k", prompt="p", model=f"openai-compatible:m@{NOBODY}")
    own = parse_server(openai.server.url)
    settings = AgentSettings(supervisor_model=f"openai-compatible:@{own.url},openai:gpt-4o-mini")
    findings = {finding.model: finding for finding in await check_models(settings, [agent])}
    assert list(findings) == [own, OPENAI, EMBEDDED, ModelName("openai-compatible", "m", NOBODY)]
    assert [finding.used_by for finding in findings.values()] == [
        ("supervisor",),
        ("supervisor",),
        ("supervisor", "a"),
        ("a",),
    ]
    shown = [str(finding) for finding in findings.values()]
    assert shown[0].startswith(f"ok       {own}  (for supervisor)  ")
    assert shown[1].startswith("no key   openai:gpt-4o-mini")
    assert "set OPENAI_API_KEY" in shown[1]
    assert shown[2] == "ok       embedded  (for supervisor, a)"
    assert shown[3].startswith(f"FAILED   openai-compatible:m@{NOBODY}")
    assert "cannot be reached" in shown[3]
    assert [finding.lacks_key for finding in findings.values()] == [False, True, False, False]


async def test_who_shares_an_address_shares_its_breaker(openai: Upstream) -> None:
    models = ModelRegistry(AgentSettings())
    first, second, other = (models.get(ModelName(*name)) for name in _NAMES)
    assert models.get(OPENAI) is first
    assert first._breakers is not second._breakers
    endpoint: Callable[[Model], CircuitBreaker] = lambda model: next(iter(model._breakers.values()))  # noqa: E731
    assert endpoint(first) is endpoint(second)
    assert endpoint(first) is not endpoint(other)
    assert endpoint(models.get(BEDROCK)) is not endpoint(first)
    await models.close()


_NAMES: list[Any] = [("openai", "gpt-4o-mini"), ("openai", "gpt-4o"), ("openai-compatible", "gpt-4o", NOBODY)]
