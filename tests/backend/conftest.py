"""The shared desk, with its agents restored after each test, and one that generates for two users."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.backend.agents import listing
from tests.backend.api.generation.tasks import ANN, BEN, generating
from tests.serving import Server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of the desk; the agents are restored after each test."""
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


@pytest.fixture(scope="session")
def generator(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk over a provider that does what the task says."""
    with generating(indexed, tmp_path_factory.mktemp("generating"), SLOW_READER_SECONDS=2) as running:
        yield running


@pytest.fixture
def ann(generator: Server) -> Iterator[httpx.Client]:
    with generator.client(headers={"authorization": f"Bearer {ANN}"}) as client:
        yield client


@pytest.fixture
def ben(generator: Server) -> Iterator[httpx.Client]:
    with generator.client(headers={"x-api-key": BEN}) as client:
        yield client
