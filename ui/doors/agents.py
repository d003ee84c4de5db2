"""Agents: who they are, and who would take a question."""

from collections.abc import Mapping
from typing import Any

from ui import calls, shapes
from ui.doors.doing import Awaiting, Waiting
from ui.requests import Json


class Agents(Waiting):
    """For programs that wait."""

    def agents(self) -> shapes.Agents:
        return self._do(calls.agents())

    def agent(self, agent_id: str) -> shapes.Agent:
        return self._do(calls.agent(agent_id))

    def create_agent(self, description: Mapping[str, Any]) -> shapes.Agent:
        return self._do(calls.create_agent(description))

    def replace_agent(self, agent_id: str, description: Mapping[str, Any]) -> shapes.Agent:
        return self._do(calls.replace_agent(agent_id, description))

    def delete_agent(self, agent_id: str) -> Json:
        return self._do(calls.delete_agent(agent_id))

    def route(self, question: str) -> shapes.Routed:
        return self._do(calls.route(question))


class AsyncAgents(Awaiting):
    """For programs that do something else meanwhile."""

    async def agents(self) -> shapes.Agents:
        return await self._do(calls.agents())

    async def agent(self, agent_id: str) -> shapes.Agent:
        return await self._do(calls.agent(agent_id))

    async def create_agent(self, description: Mapping[str, Any]) -> shapes.Agent:
        return await self._do(calls.create_agent(description))

    async def replace_agent(self, agent_id: str, description: Mapping[str, Any]) -> shapes.Agent:
        return await self._do(calls.replace_agent(agent_id, description))

    async def delete_agent(self, agent_id: str) -> Json:
        return await self._do(calls.delete_agent(agent_id))

    async def route(self, question: str) -> shapes.Routed:
        return await self._do(calls.route(question))
