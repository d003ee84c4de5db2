"""What a conversation with a model remembers: its last turns, and its instructions however old they are."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.answering import canned_replies
from agents.assistant import AssistantRequest
from agents.direct_completion import LLM, ChatMessage, CompletionRequest
from backend.storage import migrations, runs, threads
from backend.storage.completions import earlier
from backend.storage.runs import StoredRun
from frontdesk.contracts.llm import CalledTool
from knowledge.storage.database import Database
from knowledge.storage.sqlite import SqliteDatabase

CALL = CalledTool(id="a", name="look")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


async def take(database: Database, number: int, *said: ChatMessage, answer: str = "", calls: bool = False) -> None:
    """A turn of the one conversation."""
    request = CompletionRequest(messages=list(said)).model_dump_json(exclude_defaults=True)
    run = StoredRun(f"r{number}", "t", "s", "local", LLM, "in_progress", "asked", time.time(), request=request)
    data = {"tool_calls": [CALL.model_dump()]} if calls else None
    await database.write(lambda db: runs.begin_run(db, run, f"q{number}", continues=number > 0))
    if answer or calls:
        await database.write(lambda db: threads.add_message(db, f"a{number}", "t", run.id, "assistant", answer, data))


async def remembered(database: Database, number: int) -> list[ChatMessage]:
    turn = AssistantRequest("asked", "t", f"r{number}")
    return await database.read(lambda db: earlier(db, turn))


def user(text: str) -> ChatMessage:
    return ChatMessage(role="user", content=text)


async def test_turns_come_back_with_their_answers_and_calls(database: Database) -> None:
    result = ChatMessage(role="tool", content="found", tool_call_id="a")
    await take(database, 0, user("zero"), calls=True)
    await take(database, 1, result, answer="one")
    await take(database, 2, user("two"))
    said = await remembered(database, 2)
    assert said == [
        user("zero"),
        ChatMessage(role="assistant", tool_calls=[CALL]),
        result,
        ChatMessage(role="assistant", content="one"),
    ]


@pytest.mark.parametrize("answer", ["", " \n"])
async def test_an_answer_that_says_nothing_has_words_in_its_place(database: Database, answer: str) -> None:
    await take(database, 0, user("zero"), answer=answer)
    await take(database, 1, user("one"))
    assert [said.content for said in await remembered(database, 1)] == ["zero", canned_replies.STOPPED]


async def test_instructions_outlive_the_turn_that_gave_them(database: Database) -> None:
    await take(database, 0, ChatMessage(role="system", content="Be brief."), user("zero"), answer="0")
    for number in range(1, 41):
        await take(database, number, user(f"asked {number}"), answer=str(number))
    said = await remembered(database, 40)
    assert said[0] == ChatMessage(role="system", content="Be brief.")
    assert [one.content for one in said[1:3]] == ["asked 20", "20"]
    assert said[-1].content == "39"
