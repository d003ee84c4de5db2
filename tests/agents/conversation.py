"""A desk without a service around it: the real graph over a library, and what one turn of it brought."""

import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig

from agents.answering.writer import WriterChain
from agents.assistant import AnswerOutcome, Assistant
from agents.assistant import AssistantRequest as Asked
from agents.caching.answer_cache import AnswerCache
from agents.catalog import Catalog, ToolName, read_catalog
from agents.graph.supervisor import Supervisor
from agents.graph.worker import Worker
from agents.routing.router import Router
from agents.routing.semantic import SemanticRouter
from backend.storage.sql.checkpoints import open_memory
from frontdesk.contracts.events import Event, Token, TraceEnd, Usage
from knowledge.library import Library
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import EvidenceGatherer

E = TypeVar("E")


@dataclass
class Turn:
    """The events of one answer in their order, and its outcome once it is whole."""

    events: list[Event] = field(default_factory=list)
    outcome: AnswerOutcome | None = None

    @property
    def text(self) -> str:
        """The answer as a client would put it together."""
        return "".join(token.content for token in self.of(Token))

    @property
    def used(self) -> Usage:
        """What the agents' models took."""
        return sum((end.usage for end in self.of(TraceEnd) if end.agent and end.usage), Usage())

    def of(self, kind: type[E]) -> list[E]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]


@dataclass(frozen=True)
class Desk:
    """Conversations with the agents of the shipped catalogue."""

    assistant: Assistant

    async def ask(self, question: str, thread: str = "t", turn: Turn | None = None, owner: str = "") -> Turn:
        """One turn of a user's; pass your own `turn` to see what came before an error."""
        return await self.hear(Asked(question, thread, str(uuid.uuid4()), owner=owner), turn)

    async def hear(self, asked: Asked, turn: Turn | None = None) -> Turn:
        """A turn in all its particulars."""
        heard = turn or Turn()
        async for item in self.assistant.stream(asked):
            if isinstance(item, AnswerOutcome):
                heard.outcome = item
            else:
                heard.events.append(item)
        return heard

    async def messages(self, thread: str = "t") -> list[AnyMessage]:
        """What the thread remembers as said."""
        state = await self.assistant.graph.aget_state(RunnableConfig(configurable={"thread_id": thread}))
        return list(state.values["messages"])

    async def kept(self, agent: str, thread: str = "t") -> list[int]:
        """The evidence that an agent keeps through the thread."""
        state = await self.assistant.graph.aget_state(RunnableConfig(configurable={"thread_id": thread}))
        return list(state.values["kept"][agent])


@asynccontextmanager
async def open_desk(
    library: Library,
    chain: WriterChain,
    memory: Path,
    threshold: float = 0.25,
    tools: tuple[ToolName, ...] = (),
    withdrawn: Collection[str] = (),
    worker: type[Worker] = Worker,
    router: Router | None = None,
    hedge: float = 0.0,
    cache: AnswerCache | None = None,
) -> AsyncIterator[Desk]:
    """The shipped agents over a library; opened again on the same directory, they remember their conversations."""

    async def of_thread(thread_id: str) -> Collection[str]:
        return withdrawn

    own = {"tools": tools, "cache": "similar" if cache else "off"}
    agents = [agent.model_copy(update=own) for agent in read_catalog("customer_support").agents]
    searcher = Searcher(library)
    gatherer = EvidenceGatherer(library, searcher)
    chosen = router or SemanticRouter(library.embedder, searcher)
    supervisor = Supervisor(
        Catalog(agents), [chosen], worker(gatherer, OutcomeThresholds(threshold, hedge)), lambda agent: chain, cache
    )
    async with open_memory(memory) as saver:
        yield Desk(Assistant(supervisor, saver, of_thread))
