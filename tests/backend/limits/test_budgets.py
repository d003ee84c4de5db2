"""A daily budget holds whatever is asked: what a call may cost is set aside before it is made."""

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.models.allowance import Expense
from backend.errors import BudgetSpent
from backend.limits.budget import DailyBudget
from backend.limits.clock import DeskClock
from backend.storage.sql import migrations
from backend.storage.stores import sql_stores
from knowledge.storage.database import Database
from knowledge.storage.sqlite import SqliteDatabase
from tests.backend.asking import HELD, Provided, as_asked, as_user, begin, follow, keys, provided, refusal
from tests.provided import GPT, PATIENT, at_openai, no_profile
from tests.providers.answers import RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Called, Fault, Script, Usage
from tests.serving import Server, serve

NAMES = [f"user{number}" for number in range(16)]
BUDGET, MOST = 5_000, 900
QUESTION = "How are duplicate charges refunded?"


def honest(request: RecordedRequest) -> Script:
    """A provider that writes as much as it may, and counts every word that it reads as a token.

    Asked to "break" it does so after a token, by its first model; asked to "look" it calls its tool again and again.
    """
    body = request.body or {}
    text = " ".join(str(message["content"]) for message in body.get("messages", []))
    asked = str(body["messages"][-1]["content"]) if body else ""
    usage = Usage(prompt=len(text.split()), completion=body.get("max_tokens") or body.get("max_completion_tokens") or 1)
    if "please break" in asked and body["model"] == GPT:
        return Script(fault=Fault.RESET, at=1, usage=usage)
    if "please look" in text and body.get("tools"):
        return Script(tokens=("I look. ",), calls=(Called("search_documents", '{"query": "refunds"}'),), usage=usage)
    return Script(usage=usage)


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    base = tmp_path_factory.mktemp("budgets")
    own: dict[str, Any] = {
        "API_KEYS": keys("chief", *NAMES),
        "DAILY_TOKENS": BUDGET,
        "MODEL_MAX_TOKENS": MOST,
        "OPERATORS": "chief",
    }
    own["WORKER_MODEL"] = f"openai:{GPT},openai:gpt-4.1-mini"
    with provided(indexed, base, **own) as running:
        running.provider.script = honest
        yield running


@pytest.fixture(scope="module")
def names() -> Iterator[str]:
    return iter(NAMES)


@pytest.fixture
def name(names: Iterator[str]) -> str:
    """A user who has spent nothing."""
    return next(names)


@pytest.fixture
def client(desk: Provided, name: str) -> Iterator[httpx.Client]:
    with as_user(desk.desk, name) as opened:
        yield opened


def spent(server: Server, name: str) -> int:
    with closing(sqlite3.connect(f"file:{server.data_dir}/desk.db?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT coalesce(sum(tokens), 0) FROM spending WHERE user_id = ?", (name,)).fetchone()[0])


def model(client: httpx.Client, words: int, most: int, door: str = "chat", **more: Any) -> httpx.Response:
    """Ask a model to read so many words and to write at most so many tokens."""
    message = "word " * words
    asked: dict[str, Any] = {"message": message, "session_id": "s"}
    if door == "chat":
        asked = {"messages": [{"role": "user", "content": message}]}
    return client.post(f"/api/llm/{door}", json={**asked, "max_tokens": most, **more})


@pytest.mark.parametrize("door", ["chat", "chat/session"])
@pytest.mark.parametrize(("words", "most"), [(190_000, 10), (10, 32_768), (3_000, 3_000)])
def test_what_is_read_and_what_may_be_written_must_fit(
    desk: Provided, client: httpx.Client, name: str, door: str, words: int, most: int
) -> None:
    before = len(desk.answers)
    refused = model(client, words, most, door)
    assert refusal(refused) == (402, "budget_spent")
    assert "(0 of 5,000 tokens are spent) is less than this may take" in refused.json()["error"]["message"]
    assert (spent(desk.desk, name), len(desk.answers)) == (0, before)
    # What was refused keeps nothing from being asked.
    assert model(client, 10, 4_800, door).status_code == 200
    assert 4_800 < spent(desk.desk, name) <= BUDGET


def test_tools_and_their_calls_are_read_too(client: httpx.Client) -> None:
    function = {"name": "look", "description": "word " * 790, "parameters": {"type": "object", "properties": {}}}
    tools = [{"type": "function", "function": {**function, "name": f"look{number}"}} for number in range(6)]
    assert refusal(model(client, 10, 10, tools=tools)) == (402, "budget_spent")
    call = {"id": "a", "name": "look", "arguments": json.dumps({"text": "word " * 6_000})}
    result = {"role": "tool", "tool_call_id": "a", "content": "found"}
    said = [{"role": "user", "content": "Look."}, {"role": "assistant", "tool_calls": [call]}, result]
    assert refusal(client.post("/api/llm/chat", json={"messages": said, "max_tokens": 10})) == (402, "budget_spent")


def test_a_session_is_read_with_all_that_was_said_in_it(desk: Provided, client: httpx.Client, name: str) -> None:
    while (answer := model(client, 500, 10, "chat/session")).is_success:
        pass
    assert refusal(answer) == (402, "budget_spent")
    assert 0 < spent(desk.desk, name) <= BUDGET


def test_many_at_once_do_not_exceed_it_together(desk: Provided, client: httpx.Client, name: str) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: model(client, 10, 1_000), range(24)))
    assert {answer.status_code for answer in answers} == {200, 402}
    assert 1_000 <= spent(desk.desk, name) <= BUDGET


def test_questions_are_answered_until_it_is_spent(desk: Provided, client: httpx.Client, name: str) -> None:
    answers = []
    while (answer := client.post("/chat", json={"message": QUESTION})).is_success:
        answers.append(answer.json()["usage"]["total"])
    assert refusal(answer) == (402, "budget_spent")
    assert len(answers) >= 2
    assert sum(answers) == spent(desk.desk, name) <= BUDGET


def test_the_next_model_is_not_asked_where_it_would_exceed_it(desk: Provided, client: httpx.Client, name: str) -> None:
    before = len(desk.answers)
    message = "word " * 2_500 + "please break"
    asked = {"messages": [{"role": "user", "content": message}], "max_tokens": 10}
    assert refusal(client.post("/api/llm/chat", json=asked)) == (402, "budget_spent")
    assert [request.body["model"] for request in desk.answers[before:]] == [GPT]
    assert 2_500 <= spent(desk.desk, name) <= BUDGET


def test_a_model_uses_its_tools_no_longer_than_it_may_cost(desk: Provided, client: httpx.Client, name: str) -> None:
    with as_user(desk.desk, "chief") as chief:
        agent = chief.get("/api/agents/billing").json() | {"tools": ["search_documents"]}
        chief.put("/api/agents/billing", json=agent).raise_for_status()
    run_id = begin(client, f"{QUESTION} please look", path="/api/agents/billing/chat", stream=True)
    assert follow(client, run_id)[-1]["code"] == "budget_spent"
    rounds = [request for request in desk.answers if "please look" in str(request.body["messages"])]
    assert len(rounds) > 1
    assert len(rounds) * MOST <= spent(desk.desk, name) <= BUDGET


def test_nobody_gets_a_new_budget_by_deleting_themselves(desk: Provided, client: httpx.Client, name: str) -> None:
    while model(client, 10, MOST).status_code == 200:
        pass
    before = spent(desk.desk, name)
    assert before > 0
    client.delete(f"/api/people/{name}").raise_for_status()
    assert spent(desk.desk, name) == before
    assert refusal(model(client, 10, MOST)) == (402, "budget_spent")


def test_what_is_set_aside_survives_the_process(indexed: Path, tmp_path: Path) -> None:
    own: dict[str, Any] = {"API_KEYS": keys("ada"), "DAILY_TOKENS": BUDGET, "MODEL_MAX_TOKENS": 1_000, **PATIENT}
    own |= {"SUPERVISOR_MODEL": "embedded", "WORKER_MODEL": f"openai:{GPT}", "EMBEDDED_FALLBACK": False}
    data = Path(shutil.copytree(indexed, tmp_path / "data"))

    def refused(server: Server) -> None:
        with as_user(server, "ada") as client:
            answer = model(client, 10, 4_500)
            assert refusal(answer) == (402, "budget_spent")
            assert "answers under way" in answer.json()["error"]["message"]

    with OpenAIServer(as_asked) as provider:
        own |= at_openai(provider)
        with serve(data, ANSWER_THRESHOLD=0, **own) as server:
            with as_user(server, "ada") as client:
                run_id = begin(client, HELD, 1)
            refused(server)
            server.kill()
        with serve(data, ANSWER_THRESHOLD=0, **own) as server:
            refused(server)
            with as_user(server, "ada") as client:
                client.post(f"/runs/{run_id}/cancel").raise_for_status()
                follow(client, run_id)
                assert model(client, 10, 3_000).status_code == 200


def test_what_only_the_embedded_model_answers_costs_nothing(indexed: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    # The usual models, for which there are no keys.
    with serve(data, DAILY_TOKENS=1, **no_profile(tmp_path)) as server, server.client() as client:
        # Until the desk has looked for keys, any of its models might answer, and cost something.
        while any(model["state"] == "unchecked" for model in client.get("/health").json()["models"]):
            pass
        for _ in range(2):
            assert client.post("/chat", json={"message": QUESTION}).json()["agents"] == ["billing"]
        assert spent(server, "local") == 0


def test_an_operator_can_close_the_doors_of_the_model(indexed: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    with serve(data, LLM_DOORS="off") as server, server.client() as client:
        for door in ("chat", "chat/stream", "chat/session", "chat/session/stream"):
            refused = client.post(f"/api/llm/{door}", json={})
            assert refusal(refused) == (403, "llm_doors_closed")
            assert "LLM_DOORS=on" in refused.json()["error"]["message"]
        # No other door leads there.
        assert refusal(client.post("/api/agents/llm/chat", json={"message": "Hello?"})) == (404, "agent_not_found")
        assert refusal(client.post("/agent/generate", json={"agent_type": "llm", "task": "Hello?"}))[0] == 404
        assert client.post("/chat", json={"message": QUESTION}).status_code == 200


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


async def test_what_a_call_took_beyond_its_share_counts_at_once(database: Database) -> None:
    budget = DailyBudget(1_000, 0, sql_stores(database).spending, DeskClock())
    first, second = await budget.reserve("ada", Expense(100)), await budget.reserve("ada", Expense(100))
    assert first
    assert second
    await first.reserve_share(Expense(300))
    first.settle_share(Expense(300), Expense(850))
    with pytest.raises(BudgetSpent, match="under way"):
        await second.reserve_share(Expense(200))
    await second.reserve_share(Expense(100))
    first.release()
    await second.reserve_share(Expense(700))
    with pytest.raises(BudgetSpent, match="is less than this may take"):
        await second.reserve_share(Expense(1_000))
