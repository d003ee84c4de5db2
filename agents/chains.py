"""The routers and writers of a desk, each a chain of models."""

import logging
from collections.abc import Sequence

from agents.catalog import Agent
from agents.embedded_router import EmbeddedRouter
from agents.embedded_writer import EmbeddedWriter
from agents.model_router import ModelRouter
from agents.models.names import EMBEDDED
from agents.models.orders import Order, stray_addresses, supervisor_order, worker_order
from agents.models.registry import Models
from agents.routing import Router
from agents.settings import AgentSettings
from agents.writers import Chain, ModelWriter, Writer
from knowledge.embeddings import Embedder
from knowledge.search import Searcher

_LOG = logging.getLogger(__name__)


class Chains:
    """The routers and writers of a desk."""

    def __init__(
        self, settings: AgentSettings, models: Models, embedder: Embedder, searcher: Searcher, agents: Sequence[Agent]
    ) -> None:
        for stray in stray_addresses(settings, agents):
            _LOG.warning("%s is set, but no agent of this desk has that id", stray)
        self._models = models
        self._embedded = EmbeddedWriter(embedder)
        self.supervisor = supervisor_order(settings)
        self.workers = {agent.id: worker_order(agent, settings) for agent in agents}
        self.routers: list[Router] = [
            EmbeddedRouter(embedder, searcher) if name == EMBEDDED else ModelRouter(models.get(name))
            for name in self.supervisor.models
        ]
        self._writers = {agent: self._chain(order) for agent, order in self.workers.items()}

    async def warm_up(self, agents: Sequence[Agent]) -> None:
        """Get ready what the first questions would otherwise all wait for."""
        for router in self.routers:
            if isinstance(router, EmbeddedRouter):
                await router.warm_up(agents)

    def writers(self, agent: Agent) -> Chain:
        """Who writes for an agent."""
        return self._writers[agent.id]

    def _chain(self, order: Order) -> Chain:
        writers: list[Writer] = [
            self._embedded if name == EMBEDDED else ModelWriter(self._models.get(name)) for name in order.models
        ]
        return Chain(writers, order.assumed)
