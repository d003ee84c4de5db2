"""The client methods for agents and the routing preview."""

from collections.abc import Mapping
from typing import Any

from frontdesk.client import endpoints
from frontdesk.client.requests import Json
from frontdesk.client.resources.base import AsyncResource, SyncResource
from frontdesk.contracts import resources


class AgentsResource(SyncResource):
    """The synchronous methods for agents."""

    def agents(self) -> resources.AgentList:
        return self._send_call(endpoints.agents())

    def agent(self, agent_id: str) -> resources.AgentInfo:
        return self._send_call(endpoints.agent(agent_id))

    def create_agent(self, description: Mapping[str, Any]) -> resources.AgentInfo:
        return self._send_call(endpoints.create_agent(description))

    def replace_agent(self, agent_id: str, description: Mapping[str, Any]) -> resources.AgentInfo:
        return self._send_call(endpoints.replace_agent(agent_id, description))

    def delete_agent(self, agent_id: str) -> Json:
        return self._send_call(endpoints.delete_agent(agent_id))

    def route(self, question: str) -> resources.RouteResponse:
        return self._send_call(endpoints.route(question))


class AsyncAgentsResource(AsyncResource):
    """The asynchronous methods for agents."""

    async def agents(self) -> resources.AgentList:
        return await self._send_call(endpoints.agents())

    async def agent(self, agent_id: str) -> resources.AgentInfo:
        return await self._send_call(endpoints.agent(agent_id))

    async def create_agent(self, description: Mapping[str, Any]) -> resources.AgentInfo:
        return await self._send_call(endpoints.create_agent(description))

    async def replace_agent(self, agent_id: str, description: Mapping[str, Any]) -> resources.AgentInfo:
        return await self._send_call(endpoints.replace_agent(agent_id, description))

    async def delete_agent(self, agent_id: str) -> Json:
        return await self._send_call(endpoints.delete_agent(agent_id))

    async def route(self, question: str) -> resources.RouteResponse:
        return await self._send_call(endpoints.route(question))
