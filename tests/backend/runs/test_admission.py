"""Who asks too often, too much or too long is told so before any provider is called; nobody else notices."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.errors import SettingsInvalid
from agents.models.allowance import Expense
from backend.errors import BudgetSpent, RateLimited, TooManyRuns
from backend.limits.clock import DeskClock
from backend.runs.admission import RunAdmission
from backend.runs.queue import RunQueue
from backend.settings import Settings
from backend.storage.sql import migrations
from backend.storage.stores import sql_stores
from frontdesk.contracts.events import Spent, Usage
from knowledge.storage.database import Database
from knowledge.storage.sqlite import SqliteDatabase
from tests.agents.models.upstream import until
from tests.backend.asking import BROKEN, COSTLY, QUICK, Provided, as_user, begin, follow, held, keys, provided, refusal

# A test that is to be unknown to the others asks as a user of its own.
NAMES = ("often", "calm", "spender", "other", "stopped", "failed", "many", "queue", "streams", "long")
MOST_RUNS = 3
SMALL = Expense(1, 1e-9)
LIMITS: dict[str, Any] = {
    "API_KEYS": keys(*NAMES),
    "RATE_LIMIT": "8/hour",
    "DAILY_TOKENS": 20_000,
    "MODEL_MAX_TOKENS": 10,
    "MAX_RUNS": MOST_RUNS,
    "MAX_QUEUED": 1,
    "MAX_STREAMS": 2,
    "MAX_MESSAGE_CHARS": 100,
}


@pytest.fixture(scope="module")
def limited(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    """A desk with every limit."""
    with provided(indexed, tmp_path_factory.mktemp("limited"), **LIMITS) as running:
        yield running


def ask(client: httpx.Client, message: str = "Hello!", **body: object) -> httpx.Response:
    return client.post("/chat", json={"message": message, **body})


def ask_for(client: httpx.Client, tokens: int) -> httpx.Response:
    """Ask a model for an answer of at most so many tokens."""
    asked = {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": tokens}
    return client.post("/api/llm/chat", json=asked)


def test_who_asks_too_often_is_told_when_to_come_again_and_nobody_else_is(limited: Provided) -> None:
    with as_user(limited.desk, "often") as often, as_user(limited.desk, "calm") as calm:
        assert [ask(often).status_code for _ in range(8)] == [200] * 8
        refused = ask(often)
        assert refusal(refused) == (429, "rate_limited")
        assert 3000 < int(refused.headers["retry-after"]) <= 3600
        assert ask(calm).status_code == 200


def test_a_spent_budget_is_told_before_any_provider_is_called(limited: Provided) -> None:
    with as_user(limited.desk, "spender") as spender, as_user(limited.desk, "other") as other:
        assert ask(spender, COSTLY).json()["usage"]["total"] >= 50_000
        before = len(limited.answers)
        refused = ask(spender, QUICK)
        assert refusal(refused) == (402, "budget_spent")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        assert refusal(spender.post("/chat/stream", json={"message": QUICK})) == (402, "budget_spent")
        # The embedded router costs nothing.
        assert spender.post("/api/agents/route", json={"question": QUICK}).json()["model"] == "embedded"
        assert len(limited.answers) == before
        assert ask(other, QUICK).status_code == 200
        assert len(limited.answers) == before + 1


def test_an_answer_that_is_stopped_is_paid_for(limited: Provided) -> None:
    with as_user(limited.desk, "stopped") as client:
        with held(client, words=3) as run:
            pass
        spent = client.get(f"/runs/{run['id']}").json()
        assert spent["status"] == "cancelled"
        assert spent["usage"]["prompt"] >= 100
        assert spent["usage"]["completion"] >= 3
        assert spent["cost_usd"] > 0
        refused = ask_for(client, 19_900)
        assert refusal(refused) == (402, "budget_spent")
        assert f"({spent['usage']['total']:,} of 20,000 tokens are spent)" in refused.json()["error"]["message"]


def test_an_answer_that_fails_is_paid_for(limited: Provided) -> None:
    with as_user(limited.desk, "failed") as client:
        events = follow(client, begin(client, BROKEN))
        before = len(limited.answers)
        assert events[-1]["type"] == "error"
        assert refusal(ask_for(client, 19_900)) == (402, "budget_spent")
        assert len(limited.answers) == before


def test_only_so_many_answers_are_under_way(limited: Provided) -> None:
    with as_user(limited.desk, "many") as client, ExitStack() as stack:
        for _ in range(MOST_RUNS):
            stack.enter_context(held(client))
        before = len(limited.answers)
        refused = ask(client, QUICK)
        assert refusal(refused) == (429, "too_many_runs")
        assert int(refused.headers["retry-after"]) >= 1
        assert len(limited.answers) == before


def test_only_so_many_messages_wait_in_a_conversation_and_an_interruption_does_not(limited: Provided) -> None:
    with as_user(limited.desk, "queue") as client, held(client, session_id="s"):
        begin(client, "Hello!", session_id="s", when_busy="enqueue")
        refused = ask(client, session_id="s", when_busy="enqueue")
        assert refusal(refused) == (429, "queue_full")
        assert int(refused.headers["retry-after"]) >= 1
        assert refusal(ask(client, session_id="s")) == (409, "thread_busy")
        assert ask(client, session_id="s", when_busy="interrupt").status_code == 200


def test_only_so_many_streams_are_open(limited: Provided) -> None:
    with as_user(limited.desk, "streams") as client, held(client) as run:
        path = f"/runs/{run['id']}/stream"
        with client.stream("GET", path) as first, client.stream("GET", path) as second:
            assert {first.status_code, second.status_code} == {200}
            for refused in (client.get(path), client.post("/chat/stream", json={"message": QUICK})):
                assert refusal(refused) == (429, "too_many_streams")
                assert int(refused.headers["retry-after"]) >= 1


def test_a_message_that_is_too_long_is_not_asked(limited: Provided) -> None:
    with as_user(limited.desk, "long") as client:
        assert refusal(ask(client, "x" * 101)) == (413, "message_too_long")
        assert ask(client, f"Hello! {' ' * 200}").status_code == 200


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


def admission(database: Database, **settings: Any) -> RunAdmission:
    return RunAdmission(Settings(**settings), sql_stores(database).spending, RunQueue(), DeskClock())


@pytest.mark.parametrize("limit", [{"daily_usd": 0.01}, {"daily_tokens": 1_000}])
async def test_a_budget_lasts_for_one_day_of_one_user(database: Database, limit: dict[str, float]) -> None:
    spent = Spent(usage=Usage(prompt=900, completion=100, total=1_000), cost_usd=0.01)
    door, now = admission(database, **limit), time.time()
    await sql_stores(database).spending.add_spending("ada", spent, now - 86_400)
    await sql_stores(database).spending.add_spending("bob", spent, now)
    async with door.admitted("ada", SMALL) as reservation:
        await sql_stores(database).spending.add_spending("ada", spent, now)
    assert reservation
    reservation.release()
    with pytest.raises(BudgetSpent):
        async with door.admitted("ada", SMALL):
            pass
    # What only the embedded model answers costs nothing.
    async with door.admitted("ada"):
        pass


async def test_questions_of_the_same_moment_do_not_slip_through_together(database: Database) -> None:
    limits = {"max_runs": 9, "daily_tokens": 500, "model_max_tokens": 100}
    door, inside, leave = admission(database, **limits), 0, asyncio.Event()

    async def enter(user: str) -> None:
        nonlocal inside
        async with door.admitted(user, Expense(100)) as reservation:
            inside += 1
            await leave.wait()
        assert reservation
        reservation.release()

    tasks = [asyncio.create_task(enter(user)) for user in ["ada"] * 8 + ["bob"] * 8]
    await until(lambda: inside + sum(task.done() for task in tasks) == len(tasks))
    leave.set()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(end) for end in ends} == {type(None), BudgetSpent, TooManyRuns}
    assert inside == ends.count(None) == 6
    async with door.admitted("ada", Expense(500)):
        pass


async def test_a_rate_without_a_number_of_questions_lets_nobody_in(database: Database) -> None:
    with pytest.raises(RateLimited):
        async with admission(database, rate_limit="0/minute").admitted("ada"):
            pass


@pytest.mark.parametrize("text", ["many", "5", "5/fortnight", "-1/minute"])
async def test_a_rate_that_cannot_be_is_refused(database: Database, text: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"RATE_LIMIT={text}: write it like 60/minute"):
        admission(database, rate_limit=text)


def test_a_burst_of_one_user_stays_within_the_limits(limited: Provided) -> None:
    with as_user(limited.desk, "calm") as client, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(client, QUICK), range(12)))
    assert {answer.status_code for answer in answers} <= {200, 402, 429}
    assert [answer.status_code for answer in answers].count(200) <= MOST_RUNS
