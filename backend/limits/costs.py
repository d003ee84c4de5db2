"""The estimate of a question's minimum cost, made before any model is called.

It covers the question's text, the instructions of the answering agent, and the longest answer. Evidence and history
are counted when the model is called: see `agents.models.allowance`.
"""

from collections.abc import Sequence

from agents.catalog import Agent, Catalog
from agents.chains import ModelChains
from agents.direct_completion import LLM, CompletionRequest, messages_of
from agents.graph.supervisor import SUPERVISOR
from agents.models.allowance import Expense, expense_of, reading
from agents.models.model_name import ModelName
from backend.runs.indexing_job import INDEXING
from backend.settings import Settings
from knowledge.text.token_estimate import estimate_tokens


class CostEstimates:
    """A cost estimator for the agents and their models; None means free, with the embedded model alone."""

    def __init__(self, settings: Settings, catalog: Catalog, chains: ModelChains) -> None:
        self._longest = settings.model_max_tokens
        self._catalog = catalog
        self._chains = chains

    def of_question(self, agent_id: str, text: str, request: str | None = None) -> Expense | None:
        """Estimate the cost of an answer by an agent."""
        if agent_id == INDEXING:
            return None
        if agent_id == LLM:
            return self._of_request(request or "{}")
        agents = [agent for agent in self._catalog.agents if agent_id in (SUPERVISOR, agent.id)]
        names = [name for agent in agents for name in self._chains.worker_orders[agent.id].models]
        routing = self.of_routing(text) if agent_id == SUPERVISOR else None
        writing = _dearest_expense(
            self._chains.paid_models(names), estimate_tokens(text) + _shortest_prompt_tokens(agents), self._longest
        )
        return writing or routing

    def of_routing(self, text: str) -> Expense | None:
        """Estimate the cost of routing a question to an agent."""
        return _dearest_expense(self._chains.paid_models(self._chains.supervisor.models), estimate_tokens(text), 0)

    def _of_request(self, request: str) -> Expense | None:
        asked = CompletionRequest.model_validate_json(request)
        read = reading(messages_of(asked.messages), asked.tools)
        names = [model.name for model in self._chains.plain_models]
        return _dearest_expense(self._chains.paid_models(names), read, asked.max_tokens or self._longest)


def _shortest_prompt_tokens(agents: Sequence[Agent]) -> int:
    """Return the tokens of the shortest prompt, which any answering agent reads at least."""
    return min((estimate_tokens(agent.prompt) for agent in agents), default=0)


def _dearest_expense(names: Sequence[ModelName], prompt: int, completion: int) -> Expense | None:
    shares = [expense_of(name, prompt, completion) for name in names]
    return max(shares, key=lambda share: share.usd, default=None)
