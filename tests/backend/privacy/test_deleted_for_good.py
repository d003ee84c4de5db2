"""A conversation that was destroyed stays so, however the deletion and a new question meet."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agents.models.model_name import ModelName
from agents.models.provider import ModelProvider
from agents.settings import AgentSettings
from backend.api.threads import remove
from backend.auth.audit import Actor
from backend.desk import OpenDesk, open_desk
from backend.errors import BackendError, ThreadUnknown
from backend.runs.intake import RunRequest
from backend.settings import Settings
from tests.scripted import FollowsScript
from tests.streaming_model import ScriptedProvider

QUESTION = "How are refunds paid? 2 tokens"
LOCAL = Actor("local", None)
RACES, AT_ONCE = 200, 20


@pytest.fixture
async def desk(data_dir: Path) -> AsyncIterator[OpenDesk]:
    def make(name: ModelName, settings: AgentSettings) -> ModelProvider:
        return ScriptedProvider(FollowsScript())

    settings = Settings(
        data_dir=data_dir,
        supervisor_model="embedded",
        worker_model="openai:scripted",
        embedded_fallback=False,
        answer_threshold=0,
    )
    async with open_desk(settings, make) as opened:
        yield opened


async def answered(desk: OpenDesk, asked: RunRequest) -> str:
    """The conversation, once the answer has ended."""
    run = await desk.runs.start(asked)
    async for _ in desk.runs.follow(run.id):
        pass
    return run.thread_id


def left_of(data_dir: Path, thread_ids: list[str]) -> dict[str, int]:
    """How many rows each table holds of those conversations, in the desk's database and in the agents' memory."""
    left: dict[str, int] = {}
    with (
        closing(sqlite3.connect(data_dir / "desk.db")) as db,
        closing(sqlite3.connect(data_dir / "graph.db")) as memory,
    ):
        for thread_id in thread_ids:
            for table, column in (("threads", "id"), ("runs", "thread_id"), ("messages", "thread_id")):
                left[table] = left.get(table, 0) + _count(db, table, column, thread_id)
            for table in ("checkpoints", "writes"):
                left[table] = left.get(table, 0) + _count(memory, table, "thread_id", thread_id)
        for table in ("events", "steps", "activity"):
            orphans = f"SELECT count(*) FROM {table} WHERE run_id NOT IN (SELECT id FROM runs)"
            left[table] = int(db.execute(orphans).fetchone()[0])
    return {table: rows for table, rows in left.items() if rows}


def _count(db: sqlite3.Connection, table: str, column: str, thread_id: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table} WHERE {column} = ?", (thread_id,)).fetchone()[0])


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("by", ["thread", "session"])
async def test_a_question_that_was_let_in_before_the_deletion_is_refused_after_it(
    desk: OpenDesk, data_dir: Path, hard: bool, by: str
) -> None:
    thread_id = await answered(desk, RunRequest("local", QUESTION, session_id="s"))
    asked = (
        RunRequest("local", QUESTION, thread_id=thread_id)
        if by == "thread"
        else RunRequest("local", QUESTION, session_id="s")
    )
    async with desk.runs._asking.admitted(asked) as (run, continues, _):
        await remove(desk, thread_id, hard, LOCAL)
    with pytest.raises(ThreadUnknown):
        await desk.stores.runs.begin_run(run, "m", continues=continues)
    if hard:
        assert left_of(data_dir, [thread_id]) == {}
    else:
        thread = await desk.stores.threads.get("local", thread_id)
        assert thread
        assert thread.deleted_at
    # Its session begins anew.
    assert await answered(desk, RunRequest("local", QUESTION, session_id="s")) != thread_id


async def test_of_many_races_none_brings_a_conversation_back(desk: OpenDesk, data_dir: Path) -> None:
    chance = random.Random(7)

    async def race(number: int) -> str:
        named = number % 2
        thread_id = await answered(desk, RunRequest("local", QUESTION, session_id=f"s{number}"))
        asked = (
            RunRequest("local", QUESTION, thread_id=thread_id)
            if named
            else RunRequest("local", QUESTION, session_id=f"s{number}")
        )

        async def ask() -> None:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            # What begins anew in the session is another conversation.
            with suppress(BackendError):
                await answered(desk, asked)

        async def delete() -> None:
            for _ in range(chance.randrange(12)):
                await asyncio.sleep(0)
            await remove(desk, thread_id, hard_delete=True, actor=LOCAL)

        await asyncio.gather(ask(), ask(), delete(), ask())
        return thread_id

    deleted = []
    for first in range(0, RACES, AT_ONCE):
        deleted += await asyncio.gather(*(race(number) for number in range(first, first + AT_ONCE)))
    assert left_of(data_dir, deleted) == {}
