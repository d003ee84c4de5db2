"""Users with a small daily budget who ask for as much as one request can hold, alone and many at once."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Awaitable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from tests.backend.asking import key_of, keys
from tests.bench.client import figure
from tests.provided import GPT, PATIENT, at_openai
from tests.providers.answers import RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Script, Usage
from tests.serving import Server, serve

BUDGET = 5_000
# A body may hold a million bytes, and a model may take each sign for a token.
LONGEST = "!" * 990_000


def _honest(request: RecordedRequest) -> Script:
    """Every sign and every word that is read is a token, and as much is written as may be."""
    body = request.body or {}
    text = " ".join(str(message["content"]) for message in body.get("messages", []))
    read = text.count("!") + len(text.split())
    return Script(usage=Usage(prompt=read, completion=body.get("max_tokens") or body.get("max_completion_tokens") or 1))


async def _ask(client: httpx.AsyncClient, user: str, content: str, most: int, at_once: int = 1) -> None:
    headers = {"authorization": f"Bearer {key_of(user)}"}
    asked = {"messages": [{"role": "user", "content": content}], "max_tokens": most}
    posts: list[Awaitable[Any]] = [client.post("/api/llm/chat", json=asked, headers=headers) for _ in range(at_once)]
    await asyncio.gather(*posts)


def _spent(server: Server, user: str) -> int:
    with closing(sqlite3.connect(f"file:{server.data_dir}/desk.db?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT coalesce(sum(tokens), 0) FROM spending WHERE user_id = ?", (user,)).fetchone()[0])


async def attack() -> None:
    """What each of them has spent in the end."""
    ways: dict[str, tuple[str, int, int]] = {
        "long": (LONGEST, 105, 1),
        "much": ("Hello!", 32_768, 1),
        "many": ("Hello!", 1_000, 32),
        "both": ("word " * 1_000, 2_000, 32),
    }
    with tempfile.TemporaryDirectory() as base, OpenAIServer(_honest) as provider:
        settings: dict[str, Any] = {"API_KEYS": keys(*ways), "DAILY_TOKENS": BUDGET, "WORKER_MODEL": f"openai:{GPT}"}
        settings |= {"SUPERVISOR_MODEL": "embedded", "RATE_LIMIT": "", "LOG_LEVEL": "error", **PATIENT}
        with serve(Path(base) / "data", **settings, **at_openai(provider)) as server:
            async with httpx.AsyncClient(base_url=server.url, timeout=300, trust_env=False) as client:
                for user, (content, most, at_once) in ways.items():
                    # Some can pay for something before they ask for too much.
                    await _ask(client, user, "Hello!", 10)
                    await _ask(client, user, content, most, at_once)
                    spent = _spent(server, user)
                    what = (
                        f"tokens of a budget of {BUDGET:,}: {len(content):,} characters, {most:,} to write, x {at_once}"
                    )
                    figure(what, f"{spent:,}", f"<= {BUDGET:,}", spent <= BUDGET)
