"""Conversations' memory keeps what the next turn needs, and no more."""

import sqlite3
from pathlib import Path

from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.writer import WriterChain
from knowledge.library import Library
from tests.agents.conversation import open_desk

QUESTIONS = ("The upload API returns 413", "and how long does that take?", "Is customer data encrypted at rest?")


def checkpoints(memory: Path, thread: str) -> int:
    with sqlite3.connect(memory / "graph.db") as db:
        found = db.execute("SELECT count(*) FROM checkpoints WHERE thread_id = ?", (thread,)).fetchone()[0]
    db.close()
    return int(found)


async def test_only_the_newest_state_of_each_conversation_is_kept(library: Library, tmp_path: Path) -> None:
    async with open_desk(library, WriterChain([ExtractiveWriter()]), tmp_path) as desk:
        for question in QUESTIONS:
            await desk.ask(question, "one")
        await desk.ask(QUESTIONS[0], "two")
        assert len(await desk.messages("one")) == 2 * len(QUESTIONS)
    assert (checkpoints(tmp_path, "one"), checkpoints(tmp_path, "two")) == (1, 1)
    async with open_desk(library, WriterChain([ExtractiveWriter()]), tmp_path) as desk:
        assert len(await desk.messages("one")) == 2 * len(QUESTIONS)


async def test_a_very_long_conversation_forgets_its_beginning(library: Library, tmp_path: Path) -> None:
    async with open_desk(library, WriterChain([ExtractiveWriter()]), tmp_path) as desk:
        for number in range(25):
            await desk.ask(f"Hello {'thanks ' * number}")
        messages = await desk.messages()
    assert len(messages) == 40
    assert messages[-2].text.startswith("Hello")
    assert messages[-1].type == "ai"
