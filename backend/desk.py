"""The desk: every part, opened in order and closed in reverse, put together in this one place."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from agents.assistant import Assistant
from agents.catalog import Catalog, read_catalog
from agents.chains import Chains
from agents.models.registry import MakeProvider, Models, make_provider
from agents.supervisor import Supervisor
from agents.workers import Worker
from backend import storage
from backend.memory import open_memory
from backend.registry import AgentRegistry, restore_agents
from backend.runlog import RunLog
from backend.runs import RunEngine
from backend.settings import Settings
from knowledge.database import Database
from knowledge.library import Library
from knowledge.search import Searcher
from knowledge.strategies import Strategies

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Desk:
    """What the doors are handed."""

    settings: Settings
    catalog: Catalog
    library: Library
    models: Models
    chains: Chains
    runs: RunEngine
    database: Database
    registry: AgentRegistry


@asynccontextmanager
async def open_desk(settings: Settings, make: MakeProvider = make_provider) -> AsyncIterator[Desk]:
    """Open everything, end what an earlier process left unfinished, and close everything at the end."""
    catalog = read_catalog(settings.catalog)
    async with AsyncExitStack() as stack:
        library = await Library.open(settings.data_dir, embedding_model=settings.embedding_model)
        stack.push_async_callback(library.close)
        await library.embedder.warm_up()
        database = Database(settings.data_dir / "desk.db", storage.MIGRATIONS)
        stack.push_async_callback(database.close)
        await restore_agents(database, catalog, settings)
        memory = await stack.enter_async_context(open_memory(settings.data_dir))
        searcher = Searcher(library)
        worker = Worker(Strategies(library, searcher), settings.answer_threshold)
        models = Models(settings, make)
        stack.push_async_callback(models.close)
        chains = Chains(settings, models, library.embedder, searcher, catalog)
        await chains.warm_up(catalog.agents)
        graph = Supervisor(catalog, chains.routers, worker, chains.writers).graph(memory)
        registry = AgentRegistry(database, catalog, chains, settings)
        log = RunLog(database)
        stack.push_async_callback(log.close)
        runs = RunEngine(database, log, Assistant(graph), settings.run_timeout_seconds)
        ended = await runs.recover()
        if ended:
            _LOG.warning("%d runs of a process that is gone were ended as interrupted", ended)
        stack.push_async_callback(runs.stop, settings.shutdown_seconds)
        models.check_in_background()
        spare_the_collector()
        yield Desk(settings, catalog, library, models, chains, runs, database, registry)


def spare_the_collector() -> None:
    """What is alive now lives until the end; scanning it again and again would show as gaps between tokens."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
