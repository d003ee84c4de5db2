"""Helpers for access tests against a desk with keys."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.serving import Server

_BOUND_SECONDS = 60


def with_key(desk: Server, key: str) -> httpx.Client:
    return desk.client(headers={"authorization": f"Bearer {key}"})


def make_key(operator: httpx.Client, user: str, *scopes: str, **fields: Any) -> dict[str, Any]:
    """Create a key and return the reply that contains its secret."""
    made = operator.post("/api/keys", json={"user": user, "scopes": list(scopes), **fields})
    return dict(made.raise_for_status().json())


def entries(operator: httpx.Client, **filters: Any) -> list[dict[str, Any]]:
    """Return the entries of the audit log, newest first."""
    return list(operator.get("/api/audit", params=filters).raise_for_status().json()["entries"])


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + _BOUND_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # polls for a condition; the deadline above bounds it
