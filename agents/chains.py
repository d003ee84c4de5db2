"""The chains of models that route questions and write answers."""

import logging
from collections.abc import Iterable, Sequence

from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.writer import AnswerWriter, ModelWriter, WriterChain
from agents.catalog import Agent, Catalog
from agents.models.model import Model
from agents.models.model_name import EMBEDDED, ModelName
from agents.models.orders import ModelOrder, plain_order, stray_addresses, supervisor_order, worker_order
from agents.models.registry import ModelRegistry
from agents.routing.model import ModelRouter
from agents.routing.router import Router
from agents.routing.semantic import SemanticRouter
from agents.settings import AgentSettings
from knowledge.embedding.embedder import Embedder
from knowledge.retrieval.search import Searcher

_LOG = logging.getLogger(__name__)


class ModelChains:
    """The routers and writers of a desk, for the agents that are in its catalogue at the time."""

    def __init__(
        self, settings: AgentSettings, models: ModelRegistry, embedder: Embedder, searcher: Searcher, catalog: Catalog
    ) -> None:
        for stray in stray_addresses(settings, catalog.all):
            _LOG.warning("%s is set, but no agent of this desk has that id", stray)
        self._settings = settings
        self._models = models
        self._catalog = catalog
        self._embedded = ExtractiveWriter()
        self.supervisor = supervisor_order(settings)
        self.routers: list[Router] = [
            SemanticRouter(embedder, searcher) if name == EMBEDDED else ModelRouter(models.get(name))
            for name in self.supervisor.models
        ]

    @property
    def worker_orders(self) -> dict[str, ModelOrder]:
        """The model order of each enabled agent, by agent id."""
        return {agent.id: worker_order(agent, self._settings) for agent in self._catalog.agents}

    @property
    def plain_models(self) -> list[Model]:
        """The chat models that answer without an agent, in order; the embedded model is not among them."""
        names = plain_order(self._settings).models
        return [self._models.get(name) for name in names if name != EMBEDDED]

    def paid_models(self, names: Iterable[ModelName]) -> list[ModelName]:
        """Return the models whose calls are counted: neither the embedded one nor those without a key."""
        return [name for name in names if name != EMBEDDED and not self._models.get(name).is_keyless]

    async def warm_up(self, agents: Sequence[Agent]) -> None:
        """Prepare what the first questions would otherwise all wait for."""
        for agent in agents:
            self.writer_chain(agent)
        for router in self.routers:
            if isinstance(router, SemanticRouter):
                await router.warm_up(agents)

    def writer_chain(self, agent: Agent) -> WriterChain:
        """Return the chain that writes for an agent. Models that no agent names any more stay open for active runs."""
        order = worker_order(agent, self._settings)
        writers: list[AnswerWriter] = [
            self._embedded if name == EMBEDDED else ModelWriter(self._models.get(name)) for name in order.models
        ]
        return WriterChain(writers, order.assumed)
