"""The shared desk, with its agents as they were."""

from collections.abc import Iterator

import httpx
import pytest

from tests.backend.agents import listing
from tests.serving import Server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """The desk's client; the agents are as they were after each test."""
    with server.client() as opened:
        before = listing(opened)
        yield opened
        after = listing(opened)
        for agent_id, agent in before.items():
            fields = {name: value for name, value in agent.items() if name != "origin"}
            if agent_id not in after:
                opened.post("/api/agents", json=fields).raise_for_status()
            elif after[agent_id] != agent:
                opened.put(f"/api/agents/{agent_id}", json=fields).raise_for_status()
        for agent_id in after.keys() - before.keys():
            opened.delete(f"/api/agents/{agent_id}").raise_for_status()
