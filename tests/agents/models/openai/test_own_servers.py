"""Servers of one's own that are something else, do not know the model, or need not know what is meant for OpenAI."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest

from agents.catalog import read_catalog
from agents.models.check import check_models
from agents.models.failures import FailureKind, ModelFailure
from agents.models.model import Model
from agents.models.model_name import parse_model
from agents.models.registry import ModelRegistry
from agents.models.streaming_call import ModelRequest
from agents.settings import AgentSettings
from tests.agents.models.upstream import QUESTION, Upstream, hear
from tests.providers.answers import RecordedRequest, Reply
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script

PAGES = {
    "html": Reply("text/html", body=b"<!doctype html><title>It works!</title>"),
    "list": Reply("application/json", body=b'[{"id": "qwen"}]'),
    "other": Reply("application/json", body=b'{"models": []}'),
    "number": Reply("application/json", body=b"7"),
}
FORM = {"type": "function", "function": {"name": "route", "description": "?", "parameters": {"type": "object"}}}
ORGANIZATION, PROJECT, CORPORATE = "org-of-the-test", "proj_of_the_test", "corporate-secret-of-the-test"
CLOUD_KEY = "sk-secret-of-the-test"


class WebPage(OpenAIServer):
    """Something at the address of a model server that is none."""

    page: Reply

    def reply(self, request: RecordedRequest, script: Script) -> Reply:
        return self.page


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, servers: tuple[Any, Any]) -> Iterator[WebPage]:
    """A page of each sort."""
    with WebPage() as server:
        server.page = PAGES[request.param]
        yield server


def settings(**given: Any) -> AgentSettings:
    """Short deadlines: nothing here is slow."""
    deadlines = {"model_first_token_seconds": 5, "model_idle_seconds": 5}
    return AgentSettings(**deadlines | given)


@pytest.fixture(params=["", "qwen"], ids=["unnamed", "named"])
async def models(request: pytest.FixtureRequest, page: WebPage) -> AsyncIterator[ModelRegistry]:
    """A desk's one model, at the page."""
    opened = ModelRegistry(settings())
    opened.get(parse_model(f"openai-compatible:{request.param}@{page.url}/v1"))
    yield opened
    await opened.close()


async def test_a_web_page_is_a_broken_server_and_no_surprise(
    models: ModelRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    (model,) = models.all
    with pytest.raises(ModelFailure) as caught:
        await model.check()
    assert caught.value.kind is FailureKind.BROKEN
    assert model.state == "broken"
    with pytest.raises(ModelFailure):
        await model.check_presence()
    heard = await hear(model)
    assert heard.failure
    assert heard.text == ""
    # What is foreseen leaves no traceback in the log.
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_health_survives_a_web_page(
    models: ModelRegistry, page: WebPage, caplog: pytest.LogCaptureFixture
) -> None:
    await models.check_servers()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert page.requests
    (model,) = models.all
    assert model.state == "broken"
    assert not model.answered


async def test_a_web_page_is_not_at_work(own: Upstream, page: WebPage) -> None:
    provider = own.make(parse_model(f"openai-compatible:qwen@{page.url}/v1"), settings())
    await provider.open_chat()
    assert await provider.is_working() is False
    assert page.requests
    await provider.close()
    # One that nobody has opened does not raise either.
    assert await own.make(own.name, settings()).is_working() is False


async def test_the_check_names_a_web_page_as_failed(page: WebPage) -> None:
    given = settings(ai_service_url=page.url, supervisor_model="embedded", worker_model="embedded")
    findings = await check_models(given, read_catalog("customer_support").agents)
    (finding,) = [one for one in findings if one.model.url]
    assert finding.failure
    assert str(finding).startswith("FAILED ")
    assert not finding.lacks_key


async def test_a_name_that_the_server_does_not_know_stays_unknown(own: Upstream) -> None:
    own.play(fault=Fault.UNKNOWN_MODEL)
    name = parse_model(f"openai-compatible:wrongname@{own.server.url}/v1")
    given = settings(supervisor_model="embedded", worker_model=str(name))
    findings = await check_models(given, read_catalog("customer_support").agents)
    (finding,) = [one for one in findings if one.model == name]
    assert str(finding).startswith("FAILED ")
    assert "does not know the model (HTTP 404, model_not_found)" in str(finding)
    models = ModelRegistry(given)
    with pytest.raises(ModelFailure, match="does not know the model"):
        await models.get(name).check()
    own.server.requests.clear()
    await models.check_servers()
    # It was looked at, and the list of models was fine.
    assert [request.path for request in own.server.requests] == ["/v1/models"]
    assert models.get(name).state == "unknown_model"
    assert models.get(name).known_failure
    await models.close()


@pytest.fixture
def meant_for_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user of OpenAI may have in the environment."""
    monkeypatch.setenv("OPENAI_ORG_ID", ORGANIZATION)
    monkeypatch.setenv("OPENAI_ORGANIZATION", ORGANIZATION)
    monkeypatch.setenv("OPENAI_PROJECT_ID", PROJECT)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Corporate: {CORPORATE}")


async def ask_in_every_way(model: Model) -> None:
    """Whatever a desk asks a model."""
    await model.check()
    # It has a second for that, and a loaded machine may be late; the request was made all the same.
    with suppress(ModelFailure):
        await model.check_presence()
    for ask in (ModelRequest(QUESTION), ModelRequest(QUESTION, whole=True), ModelRequest(QUESTION, tool=FORM)):
        await hear(model, ask)


def expect_nothing_of_openai(upstream: Upstream) -> None:
    assert {request.method for request in upstream.server.requests} == {"GET", "POST"}
    for request in upstream.server.requests:
        text = repr(sorted(request.headers.items()))
        for meant in (ORGANIZATION, PROJECT, CORPORATE, CLOUD_KEY):
            assert meant not in text, (request.method, request.path)
        assert not {"openai-organization", "openai-project"} & request.headers.keys()


@pytest.mark.parametrize("key", ["", "service-key-of-the-test"])
async def test_a_server_of_ones_own_hears_nothing_that_is_meant_for_openai(
    own: Upstream, meant_for_openai: None, key: str
) -> None:
    await ask_in_every_way(own.model(ai_service_api_key=key))
    expect_nothing_of_openai(own)
    assert {request.headers["authorization"] for request in own.server.requests} == {f"Bearer {key or 'none'}"}


@pytest.mark.parametrize("header", ["Authorization", "User-Agent", "Accept"])
async def test_no_header_that_is_meant_for_openai_replaces_one_of_the_desks(
    own: Upstream, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"{header}: {CORPORATE}")
    await ask_in_every_way(own.model(ai_service_api_key="service-key-of-the-test"))
    expect_nothing_of_openai(own)


async def test_openai_itself_hears_what_is_meant_for_it(openai: Upstream, meant_for_openai: None) -> None:
    await hear(openai.model())
    (request,) = openai.chats
    assert request.headers["openai-organization"] == ORGANIZATION
    assert request.headers["openai-project"] == PROJECT
    assert request.headers["x-corporate"] == CORPORATE
    assert request.headers["authorization"] == f"Bearer {CLOUD_KEY}"


@pytest.mark.parametrize("key", ["sk-first\nsecond", "sk-fírst-second", "sk-first second", "sk-first-second\n"])
@pytest.mark.parametrize("whose", ["openai", "own"])
async def test_a_key_with_characters_that_no_key_has_is_refused_at_home(
    whose: str, key: str, openai: Upstream, own: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = {"openai": openai, "own": own}[whose]
    monkeypatch.setenv("OPENAI_API_KEY" if whose == "openai" else "AI_SERVICE_API_KEY", key)
    model = upstream.model()
    with pytest.raises(ModelFailure) as caught:
        await model.check()
    heard = await hear(model)
    assert heard.failure
    assert model.state == "refused"
    assert upstream.server.requests == []
    for failure in (caught.value, heard.failure):
        assert failure.kind is FailureKind.REFUSED
        assert "first" not in str(failure)
        assert "second" not in str(failure)
