"""What a review found and was mended: routers without tools, odd forms, honest reasons, steps that end."""

import json
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest

from agents.catalog import read_catalog
from agents.chains import ModelChains
from agents.models.circuit_breaker import BreakerState
from agents.models.failures import FailureKind, ModelFailure
from agents.models.model_name import ModelName, parse_model
from agents.models.prices import cost_of
from agents.models.provider import ModelProvider
from agents.models.registry import make_provider
from agents.models.streaming_call import ModelRequest
from agents.settings import AgentSettings
from backend import desk as desks
from backend.agent_registry import AgentRegistry
from backend.app import create_app
from backend.auth.audit_log import AuditLog
from backend.auth.key_registry import KeyRegistry
from backend.http.event_response import OpenStreams
from backend.limits.clock import DeskClock
from backend.limits.costs import CostEstimates
from backend.local_models import LocalModels
from backend.metrics import Metrics
from backend.privacy.deletion import ConversationDeletion
from backend.privacy.exports import OpenExports
from backend.privacy.removal import UserRemoval
from backend.runs.indexing_job import IndexingJob
from backend.settings import Settings
from backend.storage.stores import sql_stores
from backend.users import Users
from frontdesk.contracts.events import Cancelled, Error, Reset, Token, TraceEnd, TraceStart, Usage
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.search import Searcher
from tests.agents.models.upstream import QUESTION as PLAIN
from tests.agents.models.upstream import hear
from tests.faults.stack import CHARGED, GPT, NOVA, Desk, Heard, Stack, server_of, settings_for
from tests.faults.test_cancel import LONG, stop_in_the_middle
from tests.faults.test_costs import routes_then
from tests.faults.test_routing import TWO_PARTS, decided, form
from tests.faults.test_two_workers import QUESTION
from tests.providers.script import Fault, Script

pytestmark = pytest.mark.asyncio(loop_scope="package")

TOOLLESS = "bedrock:us.meta.llama3-2-3b-instruct-v1:0"
FORM = {"type": "function", "function": {"name": "route", "description": "?", "parameters": {"type": "object"}}}
REASON_CHARS = 300


async def test_a_model_that_cannot_be_made_to_call_a_tool_is_asked_in_words(stack: Stack) -> None:
    stack.bedrock.script = Script((json.dumps(form("compliance")),))
    desk = stack.desk(settings_for(supervisor=TOOLLESS))
    heard = await desk.ask(CHARGED)
    assert decided(heard) == ("model", TOOLLESS, ["compliance"])
    assert heard.steps() == [("generate", TOOLLESS, "completed", "")]
    (request,) = stack.bedrock.requests
    assert "llama3-2-3b" in request.path
    assert "toolConfig" not in request.body
    assert "Answer with one line of JSON" in request.body["system"][0]["text"]


async def test_a_form_that_cannot_be_asked_for_is_nobodys_fault(stack: Stack) -> None:
    model = stack.desk(settings_for(supervisor=TOOLLESS)).models.get(parse_model(TOOLLESS))
    for _ in range(4):
        heard = await hear(model, ModelRequest(PLAIN, tool=FORM))
        assert heard.failure
        assert heard.failure.kind is FailureKind.BAD_REQUEST
    assert model.breaker is BreakerState.CLOSED
    assert model.held_back() is None
    assert stack.bedrock.requests == []


@pytest.mark.parametrize("in_words", [False, True], ids=["form", "words"])
@pytest.mark.parametrize("odd", ["billing \ud83d", "\udc00", "\x00 and \x00", "ten thousand " * 800])
async def test_a_form_that_holds_what_cannot_be_stored_is_read_all_the_same(
    stack: Stack, odd: str, in_words: bool
) -> None:
    tasks = [{"agent": agent, "question": f"{TWO_PARTS} {odd}"} for agent in ("billing", "compliance")]
    said = form() | {"tasks": tasks, "reason": odd}
    stack.bedrock.script = (
        Script((json.dumps(said),), invalid_tool_sequence=True) if in_words else Script(tool_input=said)
    )
    heard = await stack.desk(settings_for(supervisor=NOVA)).ask(TWO_PARTS)
    assert decided(heard) == ("model", NOVA, ["billing", "compliance"])
    assert heard.done.finish_reason == "stop"
    assert len(heard.route.reason) <= REASON_CHARS
    heard.route.reason.encode()
    assert "\x00" not in heard.route.reason


@pytest.mark.parametrize("known", [True, False], ids=["already known", "found out now"])
async def test_a_reset_names_the_model_that_broke_off(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    def make(name: ModelName, settings: AgentSettings) -> ModelProvider:
        # That of the others has its key already.
        return make_provider(name, settings) if name == parse_model(GPT) else stack.provider(name, settings)

    desk = stack.desk(settings_for(f"{NOVA},{GPT}"), make=make)
    keyless = desk.models.get(parse_model(GPT))
    if known:
        with suppress(ModelFailure):
            await keyless.check()
    stack.bedrock.script = Script(LONG, Fault.CUT, 20)
    heard = await desk.ask(CHARGED)
    (reset,) = heard.of(Reset)
    assert reset.reason.startswith(f"{NOVA} broke off")
    assert "no credentials" not in reset.reason
    assert GPT not in reset.reason
    assert reset.model == "embedded"
    assert heard.steps("billing")[-1][1] == "embedded"
    assert f"{GPT} no credentials" in heard.steps("billing")[-1][3]
    await keyless.close()


async def test_the_route_says_which_model_was_left_alone_and_why(stack: Stack) -> None:
    stack.bedrock.script = Script(fault=Fault.BROKEN)
    desk = stack.desk(settings_for(supervisor=NOVA))
    model = desk.models.get(parse_model(NOVA))
    while model.breaker is not BreakerState.OPEN:
        assert (await hear(model)).failure
    stack.bedrock.requests.clear()
    heard = await desk.ask(CHARGED)
    assert decided(heard) == ("meaning", "embedded", ["billing"])
    # Nobody asked it, so no step of its own tells.
    assert heard.steps() == []
    assert stack.bedrock.requests == []
    (routing,) = [end for end in heard.of(TraceEnd) if end.step_id == "route"]
    assert routing.output == f"billing; {NOVA} failed (HTTP 500, InternalServerException)"


@asynccontextmanager
async def served(stack: Stack, desk: Desk, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The doors of a desk, without a port."""
    catalog, searcher = read_catalog("customer_support"), Searcher(stack.library)
    chains = ModelChains(settings, desk.models, stack.library.embedder, searcher, catalog)
    app, users = create_app(settings), Users(settings)
    stores = sql_stores(stack.database)
    keys = await KeyRegistry.open(stores.keys, users)
    deletion = ConversationDeletion(stores.deletion, stack.memory)
    app.state.desk = desks.OpenDesk(
        settings=settings,
        thresholds=OutcomeThresholds(0.2),
        catalog=catalog,
        library=stack.library,
        models=desk.models,
        chains=chains,
        runs=desk.engine,
        database=stack.database,
        stores=stores,
        registry=AgentRegistry(stores.agents, catalog, chains, settings),
        memory=stack.memory,
        users=users,
        streams=OpenStreams(settings.max_streams, settings.slow_reader_seconds),
        metrics=Metrics(),
        indexing=IndexingJob(
            stack.library,
            sql_stores(stack.database).uploads,
            settings.data_dir / "uploads",
            settings.max_document_bytes,
        ),
        audit=AuditLog(stores.audit),
        keys=keys,
        clock=DeskClock(),
        deletion=deletion,
        removals=UserRemoval(stores.deletion, stack.library, desk.engine, deletion, keys),
        exports=OpenExports(),
        costs=CostEstimates(settings, catalog, chains),
        local_models=LocalModels(settings.models_directory),
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client
    await keys.close()


async def test_health_is_reduced_while_the_supervisors_model_is_refused(stack: Stack) -> None:
    settings = settings_for(supervisor=NOVA)
    desk = stack.desk(settings)
    async with served(stack, desk, settings) as client:
        await desk.ask(CHARGED)
        assert (await client.get("/health")).json()["status"] == "ok"
        stack.bedrock.script = Script(fault=Fault.UNAUTHORIZED)
        heard = await desk.ask(CHARGED)
        health = (await client.get("/health")).json()
    assert decided(heard) == ("meaning", "embedded", ["billing"])
    assert health["status"] == "reduced"
    assert health["reason"].startswith(f"questions are routed by meaning: {NOVA} refused the credentials")
    assert health["supervisor"]["model"] == "embedded"


async def steps_in_store(stack: Stack, desk: Desk, heard: Heard) -> dict[str, str]:
    """Step and status, as `GET /runs/{id}` gives them."""
    assert heard.run
    async with served(stack, desk, settings_for()) as client:
        response = await client.get(f"/runs/{heard.run.id}")
    assert response.status_code == httpx.codes.OK
    return {step["step_id"]: step["status"] for step in response.json()["steps"]}


async def expect_steps_ended(stack: Stack, desk: Desk, heard: Heard) -> dict[str, str]:
    """Each step that began has one end, before the run's; the status of each."""
    started = [event.step_id for event in heard.of(TraceStart)]
    ended: dict[str, str] = {event.step_id: event.status for event in heard.of(TraceEnd)}
    assert Counter(event.step_id for event in heard.of(TraceEnd)) == Counter(started)
    assert max(heard.events.index(end) for end in heard.of(TraceEnd)) < len(heard.events) - 1
    assert await steps_in_store(stack, desk, heard) == ended
    return ended


@pytest.mark.parametrize("task", [False, True], ids=["engine", "task"])
@pytest.mark.parametrize("model", [NOVA, GPT])
async def test_the_steps_of_a_cancelled_run_end_before_it(stack: Stack, model: str, task: bool) -> None:
    writes = Script(LONG, gap_seconds=0.03)
    stack.bedrock.script = routes_then(writes)  # type: ignore[assignment]
    stack.openai.script = writes
    desk = stack.desk(settings_for(model, NOVA))
    heard, _ = await stop_in_the_middle(desk, QUESTION, server_of(stack, model), writers=2, task=task)
    assert isinstance(heard.end, Cancelled)
    ended = await expect_steps_ended(stack, desk, heard)
    for agent in ("billing", "compliance"):
        assert (ended[f"{agent}.agent"], ended[f"{agent}.generate"]) == ("cancelled", "cancelled")
        assert ended[f"{agent}.retrieve"] == "completed"


async def test_the_steps_of_a_failed_run_end_before_it(stack: Stack) -> None:
    def by_agent(request: Any) -> Script:
        if "toolConfig" in request.body:
            return Script(tool_input=form("billing", "compliance"))
        # One breaks off while the other still writes.
        billing = "billing" in request.body["system"][0]["text"][:200].lower()
        return Script(LONG, Fault.CUT, 20) if billing else Script(LONG, gap_seconds=0.03)

    stack.bedrock.script = by_agent
    desk = stack.desk(settings_for(NOVA, NOVA, embedded_fallback=False))
    heard = await desk.ask(QUESTION)
    assert isinstance(heard.end, Error)
    assert heard.of(Token)
    ended = await expect_steps_ended(stack, desk, heard)
    assert ended["billing.agent"] == ended["billing.generate"] == "failed"
    assert ended["compliance.agent"] in ("failed", "cancelled")


async def test_an_address_for_an_agent_that_is_none_is_warned_about(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("BILING_MODEL_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("GENERAL_MODEL_URL", "http://127.0.0.1:9/v1")
    with caplog.at_level(logging.WARNING, "agents.chains"):
        stack.desk(settings_for())
    (record,) = [record for record in caplog.records if record.name == "agents.chains"]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "BILING_MODEL_URL is set, but no agent of this desk has that id"


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("openai:gpt-4o-mini-2024-07-18", GPT),
        ("openai:gpt-4o-2024-11-20", "openai:gpt-4o"),
        ("bedrock:arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0", NOVA),
        ("bedrock:arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", NOVA),
    ],
)
async def test_a_longer_name_of_a_model_costs_what_the_model_costs(long: str, short: str) -> None:
    used = Usage(prompt=1000, completion=100, total=1100, cached=400)
    assert cost_of(parse_model(long), used) == cost_of(parse_model(short), used) > 0
