"""The composition of the desk: every part is opened here, in order, and closed in reverse."""

import gc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from agents.assistant import Assistant
from agents.caching.answer_cache import AnswerCache
from agents.caching.store import CacheLimits
from agents.catalog import Catalog, read_catalog
from agents.chains import ModelChains
from agents.direct_completion import LLM, DirectCompletion
from agents.graph.supervisor import SUPERVISOR, Supervisor
from agents.graph.worker import Worker
from agents.models.circuit_breaker import BreakerState
from agents.models.orders import check_addresses
from agents.models.registry import MakeProvider, ModelRegistry, make_provider
from backend.agent_registry import AgentRegistry, restore_agents
from backend.auth.audit_log import AuditLog
from backend.auth.key_registry import KeyRegistry
from backend.auth.settings_record import record_settings
from backend.http.event_response import OpenStreams
from backend.limits.clock import DeskClock
from backend.limits.costs import CostEstimates
from backend.local_models import LocalModels
from backend.metrics import Metrics
from backend.privacy.deletion import ConversationDeletion
from backend.privacy.exports import OpenExports
from backend.privacy.removal import UserRemoval
from backend.privacy.retention import Retention
from backend.runs.completion_history import CompletionHistory
from backend.runs.engine import RunEngine
from backend.runs.event_log import EventLog
from backend.runs.indexing_job import INDEXING, IndexingJob
from backend.runs.writer import AnswerSource
from backend.settings import Settings
from backend.storage.sql import migrations
from backend.storage.sql.checkpoints import CheckpointStore, open_memory
from backend.storage.stores import Stores, sql_stores
from backend.users import Users
from backend.version import VERSION
from knowledge.embedding.reranker import open_reranker
from knowledge.library import Library
from knowledge.retrieval import calibration
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import EvidenceGatherer
from knowledge.storage.database import Database
from knowledge.storage.directory_lock import check_writable
from knowledge.storage.sqlite import SqliteDatabase

_DAY_SECONDS = 86_400
_BREAKER = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


@dataclass(frozen=True)
class OpenDesk:
    """The parts of an open desk, for the endpoints."""

    settings: Settings
    catalog: Catalog
    library: Library
    models: ModelRegistry
    chains: ModelChains
    runs: RunEngine
    database: Database
    stores: Stores
    registry: AgentRegistry
    memory: CheckpointStore
    users: Users
    streams: OpenStreams
    metrics: Metrics
    indexing: IndexingJob
    audit: AuditLog
    keys: KeyRegistry
    clock: DeskClock
    deletion: ConversationDeletion
    removals: UserRemoval
    exports: OpenExports
    costs: CostEstimates
    thresholds: OutcomeThresholds
    local_models: LocalModels


@asynccontextmanager
async def open_desk(
    settings: Settings, make: MakeProvider = make_provider, clock: DeskClock | None = None
) -> AsyncIterator[OpenDesk]:
    """Open everything, end what an earlier process left unfinished, and close everything at the end."""
    clock = clock or DeskClock()
    users, catalog = Users(settings, clock), read_catalog(settings.catalog)
    check_addresses(settings, catalog.all)
    async with AsyncExitStack() as stack:
        library, database, memory = await _open_stores(stack, settings)
        stores = sql_stores(database)
        audit = _kept(stack, AuditLog(stores.audit, settings.audit_days))
        users.refusals = audit
        keys = _kept(stack, await KeyRegistry.open(stores.keys, users))
        await restore_agents(stores.agents, catalog, settings)
        searcher = Searcher(library, await stack.enter_async_context(open_reranker(settings.reranker)))
        models = _kept(stack, ModelRegistry(settings, make))
        chains = ModelChains(settings, models, library.embedder, searcher, catalog)
        await chains.warm_up(catalog.agents)
        thresholds = await calibration.open_thresholds(settings.data_dir, library.stores.facts, settings.thresholds)
        worker = Worker(EvidenceGatherer(library, searcher, settings.whole_documents_chars), thresholds)
        cache = _answer_cache(settings, stores, library, thresholds, clock)
        supervisor = Supervisor(catalog, chains.routers, worker, chains.writer_chain, cache)
        assistant = Assistant(supervisor, memory, stores.runs.replaced_runs)
        indexing = IndexingJob(library, stores.uploads, settings.data_dir / "uploads", settings.max_document_bytes)
        log, metrics = _kept(stack, EventLog(stores.runs, clock)), Metrics()
        answers, costs = _answering(stores, chains, indexing, assistant), CostEstimates(settings, catalog, chains)
        runs = RunEngine(settings, stores, log, answers, metrics, clock, costs)
        stack.push_async_callback(runs.stop, settings.shutdown_seconds)
        users.check_address = runs.admission.rates.check_address
        deletion = ConversationDeletion(stores.deletion, memory)
        days = settings.retention_days
        retention = _kept(stack, await Retention.open(days, stores.retention, runs.lanes, deletion, audit, clock))
        desk = OpenDesk(
            settings=settings,
            catalog=catalog,
            library=library,
            models=models,
            chains=chains,
            runs=runs,
            database=database,
            stores=stores,
            registry=AgentRegistry(stores.agents, catalog, chains, settings),
            memory=memory,
            users=users,
            streams=OpenStreams(settings.max_streams, settings.slow_reader_seconds),
            metrics=metrics,
            indexing=indexing,
            audit=audit,
            keys=keys,
            clock=clock,
            deletion=deletion,
            removals=UserRemoval(stores.deletion, library, runs, deletion, keys),
            exports=OpenExports(),
            costs=costs,
            local_models=_kept(stack, LocalModels(settings.models_directory)),
            thresholds=thresholds,
        )
        await _begin(desk)
        retention.begin()
        yield desk


class _OpenStores(NamedTuple):
    library: Library
    database: Database
    memory: CheckpointStore


async def _open_stores(stack: AsyncExitStack, settings: Settings) -> _OpenStores:
    """Open the stores in DATA_DIR. An unusable database is reported before the embedding model is loaded."""
    library = _kept(stack, await Library.open(settings.data_dir, embedding_model=settings.embedding_model))
    check_writable(settings.data_dir / "uploads")
    database = _kept(stack, SqliteDatabase(settings.data_dir / "desk.db", migrations.MIGRATIONS))
    memory = await stack.enter_async_context(open_memory(settings.data_dir))
    await library.warm_up()
    return _OpenStores(library, database, memory)


class _Closing(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=_Closing)


def _kept(stack: AsyncExitStack, part: C) -> C:
    """Return an open part, and have it closed at the end, before what was opened earlier."""
    stack.push_async_callback(part.close)
    return part


def _answering(
    stores: Stores, chains: ModelChains, indexing: IndexingJob, assistant: Assistant
) -> Callable[[str], AnswerSource]:
    """Return what answers under an agent's name: models and indexing jobs have names of their own."""
    model = DirectCompletion(lambda: chains.plain_models, CompletionHistory(stores.completions).earlier_messages)
    answers: dict[str, AnswerSource] = {LLM: model, INDEXING: indexing}
    return lambda agent: answers.get(agent, assistant)


def _answer_cache(
    settings: Settings, stores: Stores, library: Library, thresholds: OutcomeThresholds, clock: DeskClock
) -> AnswerCache:
    """Return the answer cache. Whatever else than agents and documents decides an answer is part of its release."""
    names = {"whole_documents_chars", "reranker", "embedding_model", "model_max_tokens", "mask_personal_data"}
    release = f"{VERSION} {thresholds} {settings.model_dump_json(include=names)}"
    limits = CacheLimits(
        settings.answer_cache_entries, settings.answer_cache_bytes, settings.answer_cache_days * _DAY_SECONDS
    )
    state = library.stores.documents.folder_state
    return AnswerCache(stores.cached_answers, state, library.embedder, clock.now, limits, release)


async def _begin(desk: OpenDesk) -> None:
    """Do what is due once everything is open: resume deletions, recover runs, watch the metrics."""
    watch(desk)
    # Before any run goes on of a user whose data is being deleted.
    await desk.removals.resume()
    await record_settings(desk.stores.last_settings, desk.settings, desk.users)
    unfinished = await desk.stores.runs.unfinished_runs()
    await desk.indexing.sweep({run.id for run in unfinished})
    await desk.runs.recover()
    desk.models.check_in_background()
    desk.local_models.begin()
    spare_the_collector()


def watch(desk: OpenDesk) -> None:
    """Register the metrics that are looked up when Prometheus asks."""

    def runs() -> dict[tuple[str, ...], float]:
        # An empty state is reported too, or it would look like one that is not watched.
        counts: dict[tuple[str, ...], float] = {("queued", SUPERVISOR): 0.0, ("in_progress", SUPERVISOR): 0.0}
        return counts | dict(Counter(desk.runs.lanes.by_state_and_agent()))

    def breakers() -> dict[tuple[str, ...], float]:
        return {(str(model.name),): _BREAKER[model.breaker] for model in desk.models.all}

    desk.metrics.watch("frontdesk_runs", "Runs under way.", ("state", "agent"), runs)
    desk.metrics.watch("frontdesk_streams", "Streams open.", (), lambda: {(): desk.streams.open})
    desk.metrics.watch("frontdesk_streams_dropped", "Streams not read.", (), lambda: {(): desk.streams.dropped})
    desk.metrics.watch("frontdesk_breaker", "0 closed, 1 half open, 2 open.", ("model",), breakers)


def spare_the_collector() -> None:
    """Exempt what is alive now from garbage collection: rescanning it would show as gaps between tokens."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
