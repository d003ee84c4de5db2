"""The order of models for the supervisor and each agent, from settings, agent files and model server addresses."""

from collections.abc import Iterable
from dataclasses import dataclass

from agents.catalog import Agent
from agents.errors import ModelNameInvalid
from agents.models.model_name import EMBEDDED, ModelName, parse_chain, parse_server
from agents.settings import AgentSettings


@dataclass(frozen=True)
class ModelOrder:
    """Models in the order in which they are called. An assumed order is one that nobody set."""

    models: tuple[ModelName, ...]
    assumed: bool = False


def supervisor_order(settings: AgentSettings) -> ModelOrder:
    """Return the models that route."""
    return _parse_order(settings, settings.supervisor_model, "supervisor_model")


def worker_order(agent: Agent, settings: AgentSettings) -> ModelOrder:
    """Return an agent's models: its own server or else the shared one, then its own models or everyone's."""
    chain = _parse_order(settings, agent.model or settings.worker_model, None if agent.model else "worker_model")
    url = settings.agent_urls().get(agent.id) or ("" if agent.model else settings.ai_service_url)
    if not url:
        return chain
    return ModelOrder(tuple(dict.fromkeys((parse_server(url), *chain.models))))


def plain_order(settings: AgentSettings) -> ModelOrder:
    """Return the models that answer without an agent."""
    chain = _parse_order(settings, settings.worker_model, "worker_model")
    if not settings.ai_service_url:
        return chain
    return ModelOrder(tuple(dict.fromkeys((parse_server(settings.ai_service_url), *chain.models))))


def check_addresses(settings: AgentSettings, agents: Iterable[Agent]) -> None:
    """Refuse an invalid address in an agent's `_MODEL_URL` setting, naming the setting."""
    urls = settings.agent_urls()
    for agent in agents:
        try:
            if agent.id in urls:
                parse_server(urls[agent.id])
        except ModelNameInvalid as error:
            raise ModelNameInvalid(f"{agent.id.upper()}_MODEL_URL: {error.message}") from error


def stray_addresses(settings: AgentSettings, agents: Iterable[Agent]) -> list[str]:
    """Return settings that give a model server to an unknown agent: most likely a slip."""
    strays = settings.agent_urls().keys() - {agent.id for agent in agents}
    return [f"{stray.upper()}_MODEL_URL" for stray in sorted(strays)]


def _parse_order(settings: AgentSettings, text: str, setting: str | None) -> ModelOrder:
    models = tuple(name for name in parse_chain(text) if name != EMBEDDED)
    if settings.embedded_fallback or not models:
        models = (*models, EMBEDDED)
    return ModelOrder(models, assumed=setting is not None and text == AgentSettings.model_fields[setting].default)
