"""What a conversation with a model remembers: its last turns, and its instructions however old they are."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.answering import canned_replies
from agents.assistant import AssistantRequest
from agents.direct_completion import LLM, ChatMessage, CompletionRequest
from backend.runs.completion_history import CompletionHistory
from backend.storage.runs import AnswerMessage, StoredEvent, StoredRun
from backend.storage.sql import migrations
from backend.storage.stores import Stores, sql_stores
from frontdesk.contracts.events import Cancelled
from frontdesk.contracts.llm import CalledTool
from knowledge.storage.sqlite import SqliteDatabase

CALL = CalledTool(id="a", name="look")


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield sql_stores(opened)
    await opened.close()


async def take(stores: Stores, number: int, *said: ChatMessage, answer: str = "", calls: bool = False) -> None:
    """A turn of the one conversation."""
    request = CompletionRequest(messages=list(said)).model_dump_json(exclude_defaults=True)
    run = StoredRun(f"r{number}", "t", "s", "local", LLM, "in_progress", "asked", time.time(), request=request)
    data = {"tool_calls": [CALL.model_dump()]} if calls else {}
    await stores.runs.begin_run(run, f"q{number}", continues=number > 0)
    if answer or calls:
        kept = AnswerMessage(f"a{number}", "t", answer, data, time.time())
        await stores.runs.append_events([StoredEvent(run.id, 0, Cancelled(reason="enough"), b"{}", 1.0, kept)])


async def remembered(stores: Stores, number: int) -> list[ChatMessage]:
    turn = AssistantRequest("asked", "t", f"r{number}")
    return await CompletionHistory(stores.completions).earlier_messages(turn)


def user(text: str) -> ChatMessage:
    return ChatMessage(role="user", content=text)


async def test_turns_come_back_with_their_answers_and_calls(stores: Stores) -> None:
    result = ChatMessage(role="tool", content="found", tool_call_id="a")
    await take(stores, 0, user("zero"), calls=True)
    await take(stores, 1, result, answer="one")
    await take(stores, 2, user("two"))
    said = await remembered(stores, 2)
    assert said == [
        user("zero"),
        ChatMessage(role="assistant", tool_calls=[CALL]),
        result,
        ChatMessage(role="assistant", content="one"),
    ]


@pytest.mark.parametrize("answer", ["", " \n"])
async def test_an_answer_that_says_nothing_has_words_in_its_place(stores: Stores, answer: str) -> None:
    await take(stores, 0, user("zero"), answer=answer)
    await take(stores, 1, user("one"))
    assert [said.content for said in await remembered(stores, 1)] == ["zero", canned_replies.STOPPED]


async def test_instructions_outlive_the_turn_that_gave_them(stores: Stores) -> None:
    await take(stores, 0, ChatMessage(role="system", content="Be brief."), user("zero"), answer="0")
    for number in range(1, 41):
        await take(stores, number, user(f"asked {number}"), answer=str(number))
    said = await remembered(stores, 40)
    assert said[0] == ChatMessage(role="system", content="Be brief.")
    assert [one.content for one in said[1:3]] == ["asked 20", "20"]
    assert said[-1].content == "39"
