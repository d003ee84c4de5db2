"""The log under stress: one run's bad event spoils no other, and its own followers hear of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.errors import StorageFailed
from backend.runs.event_log import EventLog, LiveRun
from backend.storage.runs import AnswerMessage, RunStore, StoredRun
from backend.storage.sql import migrations
from backend.storage.stores import sql_stores
from frontdesk.contracts.events import Done, Start, Token, Usage
from knowledge.storage.sqlite import SqliteDatabase


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[RunStore]:
    """The runs of an empty desk."""
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield sql_stores(opened).runs
    await opened.close()


@pytest.fixture
async def log(store: RunStore) -> AsyncIterator[EventLog]:
    """A log over it."""
    opened = EventLog(store)
    yield opened
    await opened.close()


async def begin(store: RunStore, log: EventLog, name: str) -> LiveRun:
    run = StoredRun(name, f"thread-{name}", f"session-{name}", "local", "supervisor", "in_progress", "?", 1.0)
    await store.begin_run(run, f"message-{name}")
    live = log.open(run)
    start = Start(run_id=name, thread_id=run.thread_id, session_id=run.session_id, generation_id=name)
    await log.append(live, start)
    return live


async def speak(log: EventLog, live: LiveRun, words: int) -> None:
    for number in range(words):
        await log.append(live, Token(content=f"word{number} ", agent="a"))


def done() -> Done:
    return Done(message_id="m", usage=Usage(), cost_usd=0.0, tokens=1, time=0.1, finish_reason="stop")


async def test_one_runs_bad_event_spoils_no_other(store: RunStore, log: EventLog) -> None:
    good, bad = await begin(store, log, "good"), await begin(store, log, "bad")
    await speak(log, good, 3)
    cannot_be_stored = AnswerMessage("m", bad.run.thread_id, "\ud800", {}, 1.0)
    await log.append(bad, Token(content="x", agent="a"), cannot_be_stored)
    await log.append(good, done())
    frames = [frame async for batch in log.follow("good", -1, 1) for frame in batch]
    assert len(frames) == 5
    assert b'"type":"done"' in frames[-1]
    with pytest.raises(StorageFailed, match="surrogates not allowed"):
        await speak(log, bad, 1)
    after = await begin(store, log, "after")
    await log.append(after, done())
    assert len([frame async for batch in log.follow("after", -1, 1) for frame in batch]) == 2


async def test_what_followers_see_is_already_stored(store: RunStore, log: EventLog) -> None:
    live = await begin(store, log, "one")
    await speak(log, live, 500)
    await log.append(live, done())
    seen = -1
    async for batch in log.follow("one", -1, 1):
        stored = await store.events_after("one", -1, 1_000)
        seen += len(batch)
        assert len(stored) > seen
    assert seen == 501
