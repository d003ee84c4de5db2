"""Agents created, changed and deleted while the desk serves: stored changes lie over the agent files.

A user who may change agents may name any cloud model, but only those model servers that the operator has named in the
settings or in an agent file: a request to any other address would carry AI_SERVICE_API_KEY there, or reach what only
this machine can.
"""

import asyncio
import json
import logging
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from agents.catalog import Agent, Catalog, first_mistake
from agents.chains import ModelChains
from agents.errors import CatalogInvalid, LastAgent, ModelNameInvalid
from agents.models.model_name import parse_chain, parse_server
from agents.settings import AgentSettings
from backend.auth.audit import Actor, AuditEntry, changed
from backend.errors import AgentExists, ModelAddressRefused, TooManyAgents
from backend.storage.agents import AgentStore
from knowledge.text.characters import cleaned_line

_LOG = logging.getLogger(__name__)

MAX_AGENTS = 200


class AgentRegistry:
    """The changes to the catalogue: each is stored first, and then seen by the next question."""

    def __init__(self, store: AgentStore, catalog: Catalog, chains: ModelChains, settings: AgentSettings) -> None:
        self._store = store
        self._catalog = catalog
        self._chains = chains
        self._addresses = named_addresses(settings, catalog.base.values())
        # Checks must still hold when the change is stored.
        self._changing = asyncio.Lock()

    async def create_agent(self, agent: Agent, actor: Actor) -> None:
        """Create an agent; raise `AgentExists` if the id is taken."""
        async with self._changing:
            if self._catalog.has_agent(agent.id):
                raise AgentExists(f"there is an agent {agent.id!r} already; change it with PUT /api/agents/{agent.id}")
            if len(self._catalog.all) >= MAX_AGENTS:
                raise TooManyAgents(f"there are {MAX_AGENTS} agents, and no more can be made; delete one first")
            await self._store_agent(agent, actor.did("agent.create", agent.id, None, _fields_of(agent)))

    async def replace_agent(self, agent: Agent, actor: Actor) -> None:
        """Replace all fields of an agent; raise `AgentUnknown` if there is none of that id."""
        async with self._changing:
            before = self._catalog.find_agent(agent.id)
            if not agent.enabled:
                self._catalog.check_spare(agent.id)
            await self._store_agent(agent, _change_entry(before, agent, actor))

    async def delete_agent(self, agent_id: str, actor: Actor) -> None:
        """Delete an agent, also after a restart. Its documents stay: other agents may answer from them."""
        async with self._changing:
            entry = actor.did("agent.delete", agent_id, _fields_of(self._catalog.find_agent(agent_id)))
            self._catalog.check_spare(agent_id)
            if agent_id in self._catalog.base:
                await self._store.save_change(agent_id, None, entry)
            else:
                await self._store.drop_change(agent_id, entry)
            self._catalog.remove(agent_id)

    async def _store_agent(self, agent: Agent, entry: AuditEntry) -> None:
        if unnamed := _unnamed_address(agent, self._addresses):
            raise ModelAddressRefused(
                f"model: {unnamed} is not an address that the desk's settings or agent files name; "
                "ask whoever runs the desk to name it there"
            )
        await self._chains.warm_up([agent])
        await self._store.save_change(agent.id, agent.model_dump_json(), entry)
        self._catalog.put(agent)


async def restore_agents(store: AgentStore, catalog: Catalog, settings: AgentSettings) -> None:
    """Lay the stored changes over the agent files; raise `CatalogInvalid` if no agent is left to serve with."""
    stored = await store.all_changes()
    addresses = named_addresses(settings, catalog.base.values())
    agents = [_restore_agent(agent_id, fields, addresses) for agent_id, fields in stored.items() if fields is not None]
    try:
        # Enabled agents come first, so that the catalogue never runs out of them on the way.
        for agent in sorted(agents, key=lambda agent: not agent.enabled):
            catalog.put(agent)
        for agent_id, fields in stored.items():
            if fields is None and catalog.has_agent(agent_id):
                catalog.remove(agent_id)
    except LastAgent as error:
        raise CatalogInvalid(
            "every agent of the catalogue was deleted or switched off over HTTP; give CATALOG one more agent file"
        ) from error


def _change_entry(before: Agent, agent: Agent, actor: Actor) -> AuditEntry:
    """Return the audit entry of a change: the fields that differ. Switching an agent on or off has its own name."""
    was, now = changed(_fields_of(before), _fields_of(agent))
    switched = {True: "agent.enable", False: "agent.disable"}
    action = switched[agent.enabled] if now.keys() == {"enabled"} else "agent.change"
    return actor.did(action, agent.id, was, now)


def _fields_of(agent: Agent) -> dict[str, Any]:
    return agent.model_dump(mode="json", exclude={"id"})


def named_addresses(settings: AgentSettings, files: Iterable[Agent]) -> frozenset[str]:
    """Return the addresses of the model servers that the operator has named."""
    chains = [settings.supervisor_model, settings.worker_model, *(agent.model for agent in files if agent.model)]
    servers = [url for url in (settings.ai_service_url, *settings.agent_urls().values()) if url]
    named = {name.url for chain in chains for name in parse_chain(chain) if name.url}
    return frozenset(named | {url for url in map(_parse_address, servers) if url})


def _parse_address(url: str) -> str | None:
    """Return the address as models name it; None for a setting of no agent of this desk, which may hold anything."""
    try:
        return parse_server(url).url
    except ModelNameInvalid:
        return None


def _unnamed_address(agent: Agent, addresses: frozenset[str]) -> str | None:
    """Return an address of the agent's own models that the operator has not named."""
    names = parse_chain(agent.model) if agent.model else ()
    return next((name.url for name in names if name.url and name.url not in addresses), None)


def _restore_agent(agent_id: str, fields: str, addresses: frozenset[str]) -> Agent:
    stored = json.loads(fields)
    try:
        # Earlier releases took names that are refused today; these must not keep a desk from starting.
        named = {"name": cleaned_line(stored["name"])} if isinstance(stored.get("name"), str) else {}
        agent = Agent.model_validate({**stored, **named})
    except ValidationError as error:
        raise CatalogInvalid(f"the stored agent {agent_id!r} cannot be used: {first_mistake(error)}") from error
    if unnamed := _unnamed_address(agent, addresses):
        _LOG.warning(
            "agent %s: %s is not named in the settings any more; its model line is left out", agent_id, unnamed
        )
        return agent.model_copy(update={"model": None})
    return agent
