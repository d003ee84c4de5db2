"""Whole desks over one library, one log and one client for each provider, and what a run on them brought."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from agents.assistant import Assistant
from agents.catalog import Agent, Catalog, read_catalog
from agents.chains import ModelChains
from agents.graph.supervisor import Supervisor
from agents.graph.worker import Worker
from agents.models.model_name import ModelName
from agents.models.provider import ModelProvider
from agents.models.registry import MakeProvider, ModelRegistry, make_provider
from agents.settings import AgentSettings
from backend.encoders import sse
from backend.limits.clock import DeskClock
from backend.limits.costs import CostEstimates
from backend.metrics import Metrics
from backend.runs.engine import RunEngine
from backend.runs.event_log import EventLog
from backend.runs.intake import RunRequest
from backend.settings import Settings
from backend.storage.runs import StoredRun
from backend.storage.sql.checkpoints import CheckpointStore
from backend.storage.stores import sql_stores
from backend.users import LOCAL
from frontdesk.contracts.events import Done, Error, Event, Reset, Route, Sources, Terminal, Token, TraceEnd, TraceStart
from knowledge.library import Library
from knowledge.retrieval import calibration
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import EvidenceGatherer
from knowledge.storage.database import Database
from tests.providers.bedrock import BedrockServer
from tests.providers.loopback import LoopbackServer, RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Script

NOVA = "bedrock:us.amazon.nova-lite-v1:0"
GPT = "openai:gpt-4o-mini"
CHARGED = "I was charged twice this month, how do I get my money back?"
STORED = "Where is customer data stored?"
# A machine that pauses must not look like a provider that does: tests let models fall silent by `tests.faults.silence`.
PATIENCE_SECONDS = 30.0

_MARK = re.compile(r"\[run (\S+)\]")
_RUN_SECONDS = 120.0
_NUMBERS = count(1)
E = TypeVar("E", bound=Event)


@dataclass
class Heard:
    """A run as a client followed it, and what was stored of it."""

    events: list[Event] = field(default_factory=list)
    run: StoredRun | None = None
    stored: str | None = None

    @property
    def text(self) -> str:
        """The tokens since the last reset."""
        said: list[str] = []
        for event in self.events:
            match event:
                case Token():
                    said.append(event.content)
                case Reset():
                    said.clear()
        return "".join(said)

    @property
    def end(self) -> Event:
        return self.events[-1]

    @property
    def done(self) -> Done:
        """The end of a run that came to a good one."""
        assert isinstance(self.end, Done), self.end
        return self.end

    @property
    def error(self) -> Error:
        """The end of a run that failed."""
        assert isinstance(self.end, Error), self.end
        return self.end

    @property
    def route(self) -> Route:
        (routed,) = self.of(Route)
        return routed

    def of(self, kind: type[E]) -> list[E]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    def steps(self, agent: str | None = None) -> list[tuple[str, str, str, str]]:
        """Type, name, status and output of the steps that ask models, in their order."""
        ends = {end.step_id: end for end in self.of(TraceEnd)}
        return [
            (step.step_type, step.step_name, ends[step.step_id].status, ends[step.step_id].output or "")
            for step in self.of(TraceStart)
            if step.step_type in ("generate", "retry") and step.agent == agent
        ]

    def first_number(self, agent: str) -> int:
        """Where the source numbers of an agent begin."""
        return min(source.id for shown in self.of(Sources) if shown.agent == agent for source in shown.sources)


def check(heard: Heard) -> None:
    """What holds for every run: one end, the stored answer is what was streamed, a reset only of what was said."""
    assert isinstance(heard.end, Terminal)
    assert sum(isinstance(event, Terminal) for event in heard.events) == 1
    assert heard.text == (heard.stored or "")
    said = False
    for event in heard.events:
        if isinstance(event, Reset):
            assert said, "a reset of nothing"
        said = isinstance(event, Token) or (said and not isinstance(event, Reset))
    started = [step.step_id for step in heard.of(TraceStart)]
    ended = [step.step_id for step in heard.of(TraceEnd)]
    assert len(set(started)) == len(started)
    # Of a run that was cut short nobody hears how its steps ended; they are closed where they are stored.
    if isinstance(heard.end, Done):
        assert sorted(started) == sorted(ended)


@dataclass(frozen=True)
class Desk:
    """One desk: breakers and conversations of its own, everything else shared."""

    stack: "Stack"
    models: ModelRegistry
    engine: RunEngine

    async def start(self, question: str, session: str | None = None) -> StoredRun:
        """Ask in a conversation, or in one of its own."""
        return await self.engine.start(
            RunRequest(LOCAL.id, question, session_id=session or f"session-{next(_NUMBERS)}")
        )

    async def ask(self, question: str) -> Heard:
        """Ask, and follow to the end."""
        return await self.hear(await self.start(question))

    async def hear(self, run: StoredRun) -> Heard:
        """Follow a run to its end, from its beginning."""
        numbered = [pair async for pair in self.frames(run)]
        assert [number for number, _ in numbered] == list(range(len(numbered)))
        stored = await sql_stores(self.stack.database).runs.answer_of(run.id)
        heard = Heard([event for _, event in numbered], await self.engine.get(run.id, LOCAL.id), stored)
        check(heard)
        return heard

    async def frames(self, run: StoredRun) -> AsyncIterator[tuple[int, Event]]:
        """Number and event of each frame, as they come."""
        async with asyncio.timeout(_RUN_SECONDS):
            async for batch in self.engine.follow(run.id):
                for frame in batch:
                    yield int(frame[4 : frame.index(b"\n")]), sse.event_of(frame)


@dataclass
class Stack:
    """What all desks share: to build a botocore client takes a third of a second."""

    library: Library
    database: Database
    log: EventLog
    memory: CheckpointStore
    bedrock: BedrockServer
    openai: OpenAIServer
    providers: dict[ModelName, ModelProvider] = field(default_factory=dict)
    strategies: type[EvidenceGatherer] = EvidenceGatherer
    agents: list[Agent] = field(default_factory=lambda: read_catalog("customer_support").agents)

    def provider(self, name: ModelName, settings: AgentSettings) -> ModelProvider:
        """The one provider of a model."""
        return self.providers.setdefault(name, make_provider(name, settings))

    @asynccontextmanager
    async def own(self, settings: Settings, mark: str = "") -> AsyncIterator[Desk]:
        """A desk with clients of its own, which are closed."""
        desk = self.desk(settings, mark, make=make_provider)
        try:
            yield desk
        finally:
            await desk.models.close()

    def desk(self, settings: Settings, mark: str = "", make: MakeProvider | None = None) -> Desk:
        """A desk. Its agents' prompts carry the mark, so that a server can tell its requests from others'."""
        models = ModelRegistry(settings, make or self.provider)
        catalog = Catalog([_marked(agent, mark) for agent in self.agents])
        searcher = Searcher(self.library)
        chains = ModelChains(settings, models, self.library.embedder, searcher, catalog)
        thresholds = calibration.known_thresholds(settings.data_dir, settings.thresholds)
        worker = Worker(self.strategies(self.library, searcher), thresholds)
        assistant = Assistant(Supervisor(catalog, chains.routers, worker, chains.writer_chain), self.memory)
        costs = CostEstimates(settings, catalog, chains)
        engine = RunEngine(
            settings, sql_stores(self.database), self.log, lambda agent: assistant, Metrics(), DeskClock(), costs
        )
        return Desk(self, models, engine)


def _marked(agent: Agent, mark: str) -> Agent:
    return agent.model_copy(update={"prompt": f"[run {mark}] You are {agent.id}.\n{agent.prompt}"}) if mark else agent


def settings_for(worker: str = "embedded", supervisor: str = "embedded", **others: Any) -> Settings:
    """Settings of a desk that waits for its providers, unless it is told otherwise."""
    deadlines = {
        "run_timeout_seconds": _RUN_SECONDS,
        "model_connect_seconds": PATIENCE_SECONDS,
        "model_first_token_seconds": PATIENCE_SECONDS,
        "model_idle_seconds": PATIENCE_SECONDS,
    }
    return Settings(
        worker_model=worker, supervisor_model=supervisor, data_dir=Path("unused"), **{**deadlines, **others}
    )


def system_of(request: RecordedRequest) -> str:
    """The system message of a request to either provider."""
    system = request.body["system"][0]["text"] if "system" in request.body else request.body["messages"][0]["content"]
    return str(system)


def mark_of(request: RecordedRequest) -> str:
    """The mark in a request."""
    found = _MARK.search(system_of(request))
    return found[1] if found else ""


def by_mark(scripts: dict[str, Script]) -> Callable[[RecordedRequest], Script]:
    """Each desk's own script."""
    return lambda request: scripts[mark_of(request)]


def server_of(stack: Stack, model: str) -> LoopbackServer:
    """Who serves a model."""
    return stack.bedrock if model.startswith("bedrock") else stack.openai
