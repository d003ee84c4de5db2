"""How much a model reads: as LangChain knows it, as servers of one's own tell it, and where nobody does."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest

from agents.models import context_window
from agents.models.context_window import CLOUD_TOKENS, ContextWindow
from agents.models.failures import FailureKind
from agents.models.model_name import parse_model
from tests.agents.models.upstream import Upstream, hear
from tests.providers.answers import Reply
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import free_port

SERVED = "qwen"
LLAMA_PROPS = {"/props": {"default_generation_settings": {"n_ctx": 8192}, "total_slots": 4}}
RUNNING = [{"name": "other:7b", "context_length": 512}, {"name": "qwen:latest", "context_length": 16_384}]
OLLAMA_RUNNING = {"/api/ps": {"models": RUNNING}}
TOLD: dict[str, tuple[Mapping[str, Any], Mapping[str, Any], int]] = {
    "vllm": ({"max_model_len": 32_768}, {}, 32_768),
    "llama.cpp": ({"meta": {"n_ctx": 2048, "n_ctx_train": 131_072}}, LLAMA_PROPS, 2048),
    "older llama.cpp": ({"meta": {"n_ctx_train": 131_072}}, LLAMA_PROPS, 8192),
    "ollama": ({}, OLLAMA_RUNNING, 16_384),
}
SILENT: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "nothing": ({}, {}),
    "null": ({"max_model_len": None, "meta": None}, {"/props": None, "/api/ps": []}),
    "no numbers": ({"max_model_len": "4096", "meta": [2048]}, {"/props": {"default_generation_settings": 1}}),
    "no window": ({"max_model_len": 0, "meta": {"n_ctx": True}}, {"/api/ps": {"models": [7]}}),
    "another model's": ({}, {"/api/ps": {"models": RUNNING[:1]}}),
}


def serve(upstream: Upstream, card: Mapping[str, Any], pages: Mapping[str, Any], models: tuple[str, ...]) -> None:
    """Say that of each of the models."""
    assert isinstance(upstream.server, OpenAIServer)
    upstream.server.card, upstream.server.pages, upstream.server.models = card, pages, models


@pytest.fixture
def served(own: Upstream) -> Any:
    """A server that serves what a test says, and afterwards what it served before."""
    assert isinstance(own.server, OpenAIServer)
    before = (own.server.card, own.server.pages, own.server.models)
    own.name = parse_model(f"openai-compatible:{SERVED}@{own.server.url}/v1")
    serve(own, {}, {}, (SERVED,))
    yield own
    serve(own, *before)


@pytest.mark.parametrize("server", TOLD)
async def test_a_server_of_ones_own_tells_how_much_it_reads(served: Upstream, server: str) -> None:
    card, pages, tokens = TOLD[server]
    serve(served, card, pages, (SERVED,))
    assert await served.model().window() == ContextWindow(served.name, tokens, 1024)


async def test_a_server_that_serves_whatever_it_serves_tells_it_too(served: Upstream) -> None:
    serve(served, {"max_model_len": 2048}, {}, (SERVED,))
    unnamed = parse_model(f"openai-compatible:@{served.server.url}/v1")
    assert await served.model(name=unnamed).window() == ContextWindow(unnamed, 2048, 1024)


async def test_a_server_of_one_model_answers_to_any_name(served: Upstream) -> None:
    serve(served, {"max_model_len": 2048}, {}, ("its-file.gguf",))
    assert await served.model().window() == ContextWindow(served.name, 2048, 1024)
    serve(served, {"max_model_len": 2048}, {}, ("one", "another"))
    assert await served.model().window() == ContextWindow(served.name, 4096, 1024, assumed=True)


@pytest.mark.parametrize("server", SILENT)
async def test_a_server_that_does_not_tell_is_taken_to_read_what_the_setting_says(
    served: Upstream, server: str
) -> None:
    serve(served, *SILENT[server], (SERVED,))
    assert await served.model().window() == ContextWindow(served.name, 4096, 1024, assumed=True)
    assert await served.model(model_server_window=9000).window() == ContextWindow(served.name, 9000, 1024, assumed=True)


async def test_it_is_asked_once_however_many_want_to_know(served: Upstream) -> None:
    serve(served, {"max_model_len": 2048}, {}, (SERVED,))
    model = served.model()
    told = await asyncio.gather(*(model.window() for _ in range(5)))
    assert told == [await model.window()] * 5
    assert [request.path for request in served.server.requests] == ["/v1/models"]


async def test_who_did_not_tell_is_asked_again_later(served: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    model = served.model()
    assert await model.window() == await model.window() == ContextWindow(served.name, 4096, 1024, assumed=True)
    assert [request.path for request in served.server.requests] == ["/v1/models", "/props", "/api/ps"]
    monkeypatch.setattr(context_window, "_AGAIN_SECONDS", 0.0)
    later = served.model()
    assert (await later.window()).assumed  # type: ignore[union-attr]
    serve(served, {}, OLLAMA_RUNNING, (SERVED,))
    assert await later.window() == ContextWindow(served.name, 16_384, 1024)


@pytest.mark.parametrize("fault", [Fault.LOADING, Fault.UNAUTHORIZED])
async def test_a_server_that_cannot_tell_fails_nothing(served: Upstream, fault: Fault) -> None:
    serve(served, {"max_model_len": 2048}, {}, (SERVED,))
    served.play(fault=fault)
    assert await served.model().window() == ContextWindow(served.name, 4096, 1024, assumed=True)


async def test_nothing_at_the_address_fails_nothing(served: Upstream, caplog: pytest.LogCaptureFixture) -> None:
    gone = parse_model(f"openai-compatible:{SERVED}@http://127.0.0.1:{free_port()}/v1")
    assert await served.model(name=gone).window() == ContextWindow(gone, 4096, 1024, assumed=True)
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_server_that_hangs_is_waited_for_a_second(served: Upstream) -> None:
    served.play(fault=Fault.HANG)
    model, began = served.model(), time.monotonic()
    assert (await model.window()) == (await model.window()) == ContextWindow(served.name, 4096, 1024, assumed=True)
    assert 0.9 < time.monotonic() - began < 15


async def test_what_takes_too_long_is_heard_by_who_asks_later(
    served: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(served, {"max_model_len": 2048}, {}, (SERVED,))
    served.play(first_token_seconds=0.3)
    monkeypatch.setattr(context_window, "_WAIT_SECONDS", 0.0)
    model = served.model()
    assert await model.window() == ContextWindow(served.name, 4096, 1024, assumed=True)
    monkeypatch.setattr(context_window, "_WAIT_SECONDS", 10.0)
    assert await model.window() == ContextWindow(served.name, 2048, 1024)
    assert [request.path for request in served.server.requests] == ["/v1/models"]


class Page(OpenAIServer):
    """A web page at every address."""

    def reply(self, *_: Any) -> Reply:
        return Reply("text/html", body=b"<!doctype html><title>It works!</title>")


async def test_a_web_page_tells_nothing_and_is_no_surprise(served: Upstream, caplog: pytest.LogCaptureFixture) -> None:
    with Page() as server:
        name = parse_model(f"openai-compatible:{SERVED}@{server.url}/v1")
        model = served.model(name=name)
        assert await model.window() == ContextWindow(name, 4096, 1024, assumed=True)
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("words", ["exceed_context_size_error", "This model's maximum context length is 2048 tokens."])
async def test_a_server_that_refused_a_prompt_for_its_length_is_asked_again(served: Upstream, words: str) -> None:
    serve(served, {"max_model_len": 8192}, {}, (SERVED,))
    model = served.model()
    assert await model.window() == ContextWindow(served.name, 8192, 1024)
    serve(served, {"max_model_len": 2048}, {}, (SERVED,))
    await hear(model)
    assert await model.window() == ContextWindow(served.name, 8192, 1024)
    served.server.script = Script(fault=Fault.BAD_REQUEST, error_text=words)
    assert (heard := await hear(model)).failure
    assert heard.failure.kind is FailureKind.TOO_LONG
    assert await model.window() == ContextWindow(served.name, 2048, 1024)


async def test_what_a_server_told_holds_while_it_is_away(served: Upstream) -> None:
    serve(served, {"max_model_len": 2048}, {}, (SERVED,))
    model = served.model()
    await model.window()
    served.play(fault=Fault.LOADING)
    assert (heard := await hear(model)).failure
    assert heard.failure.kind is FailureKind.LOADING
    assert await model.window() == ContextWindow(served.name, 2048, 1024)


@pytest.mark.parametrize(("name", "tokens"), [("gpt-4o-mini", 128_000), ("gpt-4", 8192)])
async def test_openais_models_are_known_and_nobody_is_asked(openai: Upstream, name: str, tokens: int) -> None:
    known = parse_model(f"openai:{name}")
    assert await openai.model(name=known).window() == ContextWindow(known, tokens, 1024)
    unknown = parse_model("openai:gpt-from-next-year")
    assert await openai.model(name=unknown).window() == ContextWindow(unknown, CLOUD_TOKENS, 1024, assumed=True)
    assert openai.server.requests == []


async def test_bedrocks_models_are_known_and_nobody_is_asked(bedrock: Upstream) -> None:
    assert await bedrock.model().window() == ContextWindow(bedrock.name, 300_000, 1024)
    assert bedrock.server.requests == []


async def test_a_model_without_a_key_sets_no_limit(openai: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    model = openai.model()
    assert await model.window() is None
    assert await model.window() is None


def test_a_window_has_room_for_the_answer() -> None:
    name = parse_model("openai:gpt-4o-mini")
    assert ContextWindow(name, 8192, 1024).prompt_tokens == 7168
    assert ContextWindow(name, 1024, 1024).prompt_tokens == 512
    assert str(ContextWindow(name, 8192, 1024)) == "the 8,192 tokens that openai:gpt-4o-mini reads"
    assert (
        str(ContextWindow(name, 8192, 1024, assumed=True))
        == "the 8,192 tokens that openai:gpt-4o-mini is taken to read"
    )
