"""An example agent, and how a client creates and lists agents."""

from typing import Any

import httpx

SALES: dict[str, Any] = {
    "id": "sales",
    "name": "Sales",
    "description": "Answers about quotes, demos and trials.",
    "examples": ["Can we get a quote for 500 seats?"],
    "strategy": "rag",
    "knowledge": "sales",
    "model": None,
    "tools": [],
    "prompt": "You are the sales specialist.",
    "cache": "off",
    "enabled": True,
}


def listing(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Return all agents by id, in the order of the catalogue."""
    return {agent["id"]: agent for agent in client.get("/api/agents").raise_for_status().json()["agents"]}


def make(client: httpx.Client, **fields: object) -> dict[str, Any]:
    """Create the sales agent, with some fields replaced."""
    return dict(client.post("/api/agents", json=SALES | fields).raise_for_status().json())
