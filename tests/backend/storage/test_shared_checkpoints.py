"""One memory under several graphs at once, one that an earlier version wrote, and one that is damaged."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, StateGraph

from agents.graph.state import ConversationState
from backend.storage.sql.checkpoints import open_memory
from knowledge.errors import DataDirectoryUnusable

THREADS = 50
TURNS = 3


def graph(saver: BaseCheckpointSaver[str], voice: str) -> Any:
    """Answers everything with its own voice, in two steps as the desk's does."""

    async def work(state: ConversationState) -> dict[str, Any]:
        return {"kept": {voice: [len(state["messages"])]}}

    async def close(state: ConversationState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"{voice}: {state['messages'][-1].text}")]}

    builder = StateGraph(ConversationState)
    builder.add_node("work", work)
    builder.add_node("close", close)
    builder.add_edge(START, "work")
    builder.add_edge("work", "close")
    return builder.compile(checkpointer=saver)


def place(thread: str) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": thread})


async def converse(asked: Any, thread: str) -> None:
    for turn in range(TURNS):
        await asked.ainvoke({"messages": [HumanMessage(f"{thread}/{turn}")]}, place(thread), durability="async")


async def said(asked: Any, thread: str) -> list[str]:
    state = await asked.aget_state(place(thread))
    return [message.text for message in state.values["messages"]]


def rows(memory: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(memory / "graph.db")) as db:
        return db.execute(query).fetchall()


async def test_two_graphs_over_one_memory_remember_each_their_own(tmp_path: Path) -> None:
    names = [(voice, f"{voice}-{number}") for number in range(THREADS // 2) for voice in ("first", "second")]
    async with open_memory(tmp_path) as memory:
        graphs = {voice: graph(memory, voice) for voice in ("first", "second")}
        await asyncio.gather(*(converse(graphs[voice], thread) for voice, thread in names))
        for voice, thread in names:
            expected = [text for turn in range(TURNS) for text in (f"{thread}/{turn}", f"{voice}: {thread}/{turn}")]
            assert await said(graphs[voice], thread) == expected
            assert (await graphs[voice].aget_state(place(thread))).values["kept"] == {voice: [2 * TURNS - 1]}
    kept = dict(rows(tmp_path, "SELECT thread_id, count(*) FROM checkpoints GROUP BY thread_id"))
    assert kept == {thread: 1 for _, thread in names}
    stale = "SELECT count(*) FROM writes WHERE checkpoint_id NOT IN (SELECT checkpoint_id FROM checkpoints)"
    assert rows(tmp_path, stale) == [(0,)]


async def test_a_conversation_that_is_forgotten_takes_no_other_with_it(tmp_path: Path) -> None:
    async with open_memory(tmp_path) as memory:
        asked = graph(memory, "one")
        await asyncio.gather(*(converse(asked, thread) for thread in ("kept", "forgotten")))
        await memory.adelete_thread("forgotten")
        assert len(await said(asked, "kept")) == 2 * TURNS
        assert (await asked.aget_state(place("forgotten"))).values == {}


async def test_what_the_previous_version_wrote_is_remembered(tmp_path: Path) -> None:
    # As it opened its memory: LangGraph's own asynchronous saver, and no other classes than LangChain's.
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "graph.db")) as saver:
        saver.serde = JsonPlusSerializer(allowed_msgpack_modules=None)
        await saver.setup()
        await converse(graph(saver, "old"), "t")
    before = [text for turn in range(TURNS) for text in (f"t/{turn}", f"old: t/{turn}")]
    async with open_memory(tmp_path) as memory:
        asked = graph(memory, "new")
        assert await said(asked, "t") == before
        await asked.ainvoke({"messages": [HumanMessage("again")]}, place("t"))
        assert await said(asked, "t") == [*before, "again", "new: again"]
        assert (await asked.aget_state(place("t"))).values["kept"] == {"old": [5], "new": [7]}
    assert rows(tmp_path, "SELECT count(*) FROM checkpoints") == [(1,)]


def no_database(file: Path) -> None:
    file.write_bytes(b"This was never a database. " * 400)


def torn_behind_its_header(file: Path) -> None:
    """As a disk leaves it that lost a page: the header is whole, the tables are not."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE checkpoints (thread_id TEXT)")
        db.commit()
    content = bytearray(file.read_bytes())
    content[100:4096] = b"\xff" * 3996
    file.write_bytes(content)


def a_directory(file: Path) -> None:
    file.mkdir()


def something_elses(file: Path) -> None:
    """A database whose table of that name is a view."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE other (value TEXT)")
        db.execute("CREATE INDEX checkpoints ON other (value)")
        db.commit()


@pytest.mark.parametrize("damage", [no_database, torn_behind_its_header, a_directory, something_elses])
async def test_a_damaged_memory_is_an_unusable_data_directory(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(tmp_path / "graph.db")
    with pytest.raises(DataDirectoryUnusable, match=r"graph\.db"):
        async with open_memory(tmp_path):
            pass
