"""What the desk has done: counted by day and by agent, of whoever asks, as its log says it was."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.storage.activity import DAY_SECONDS
from backend.storage.sql import migrations
from backend.storage.sql.activity import create_activity_table, record_run
from backend.storage.stores import Stores, sql_stores
from knowledge.storage.database import Connection, Database
from knowledge.storage.sqlite import SqliteDatabase
from tests.backend.asking import BROKEN, HELD, QUICK, Provided, as_user, begin, follow, keys, provided, refusal
from tests.backend.storage.query_plans import plans_of
from tests.provided import PATIENT, at_openai
from tests.providers.answers import RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import Server, serve

BITCOIN = "Can I pay with Bitcoin from a hardware wallet in Brazil?"
NOW = 20_000.5 * DAY_SECONDS


@pytest.fixture(scope="module")
def running(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    """A desk of three users, of whom one is its operator."""
    base = tmp_path_factory.mktemp("activity")
    with provided(indexed, base, API_KEYS=keys("ada", "bob", "olga"), OPERATORS="olga") as opened:
        yield opened


def told(client: httpx.Client, **query: Any) -> dict[str, Any]:
    return dict(client.get("/api/activity", params=query).raise_for_status().json())


def counts(figures: dict[str, Any]) -> dict[str, Any]:
    names = ("completed", "failed", "cancelled", "declined", "hedged", "fallbacks", "reduced", "up", "down")
    assert figures["runs"] == sum(figures[name] for name in names[:5])
    return {name: figures[name] for name in names if figures[name]}


def ask(client: httpx.Client, message: str) -> dict[str, Any]:
    return dict(client.post("/chat", json={"message": message}).raise_for_status().json())


def test_each_end_is_counted_for_its_user_and_for_the_operator(running: Provided) -> None:
    with (
        as_user(running.desk, "ada") as ada,
        as_user(running.desk, "bob") as bob,
        as_user(running.desk, "olga") as olga,
    ):
        answers = [ask(ada, QUICK) for _ in range(3)]
        assert ada.post("/chat", json={"message": BROKEN}).is_error
        held = begin(ada, HELD, words=3)
        before = told(ada)
        ada.post(f"/runs/{held}/cancel").raise_for_status()
        follow(ada, held)
        for answer, rating in zip(answers, ("up", "down", "up"), strict=True):
            ada.post(f"/runs/{answer['run_id']}/feedback", json={"rating": rating}).raise_for_status()
        ada.post(f"/runs/{answers[0]['run_id']}/feedback", json={"rating": "down"}).raise_for_status()
        mine, theirs, all_of_it = told(ada), told(bob), told(olga)
    assert (before["totals"]["runs"], before["total"], before["runs"][0]["status"]) == (4, 5, "in_progress")
    assert counts(mine["totals"]) == {"completed": 3, "failed": 1, "cancelled": 1, "up": 1, "down": 2}
    assert mine["totals"]["tokens"] >= sum(answer["usage"]["total"] for answer in answers) > 0
    assert mine["totals"]["cost_usd"] >= sum(answer["cost_usd"] for answer in answers) > 0
    assert theirs["totals"]["runs"] == theirs["total"] == len(theirs["runs"]) == len(theirs["agents"]) == 0
    assert (all_of_it["totals"], {run["user_id"] for run in all_of_it["runs"]}) == (mine["totals"], {"ada"})
    today, (billing,) = mine["days"][-1], mine["agents"]
    assert today["day"] == datetime.now(UTC).date().isoformat()
    assert {name: today[name] for name in mine["totals"]} == mine["totals"]
    assert {name: billing[name] for name in mine["totals"]} == mine["totals"]
    assert today["agents"] == [{name: billing[name] for name in ("agent", "runs", "tokens", "cost_usd")}]


def test_the_latest_runs_come_first_page_by_page(running: Provided) -> None:
    with as_user(running.desk, "bob") as bob:
        asked = [ask(bob, f"Refund of charge number {number}?") for number in range(3)]
        first, rest = told(bob, limit=2), told(bob, limit=2, offset=2)
    assert [run["id"] for run in first["runs"] + rest["runs"]] == [run["run_id"] for run in reversed(asked)]
    assert (first["total"], first["limit"], rest["offset"]) == (3, 2, 2)
    latest = first["runs"][0]
    assert (latest["question"], latest["agents"], latest["status"]) == (
        "Refund of charge number 2?",
        asked[2]["agents"],
        "completed",
    )
    assert latest["tokens"] == asked[2]["usage"]["total"]
    assert latest["time"] == pytest.approx(asked[2]["time"], abs=1)


def test_a_run_names_its_conversation_while_that_can_be_opened(running: Provided) -> None:
    with as_user(running.desk, "bob") as client:
        asked = ask(client, "Refund of charge number 4?")
        begun = told(client)["runs"][0]
        client.delete(f"/api/threads/{asked['thread_id']}").raise_for_status()
        put_away = told(client)["runs"][0]
        client.post("/api/llm/chat", json={"messages": [{"role": "user", "content": "Hello"}]}).raise_for_status()
        model_alone = told(client)["runs"][0]
        body = {"message": "Refund of charge number 5?", "stream": False}
        client.post("/api/agents/billing/chat", json=body).raise_for_status()
        with_one = told(client)["runs"][0]
    assert (begun["id"], begun["session_id"]) == (asked["run_id"], asked["session_id"])
    assert (put_away["id"], put_away["session_id"]) == (asked["run_id"], None)
    assert model_alone["id"] != asked["run_id"]
    assert (begun["agent_id"], with_one["agent_id"], with_one["agents"]) == ("supervisor", "billing", ["billing"])
    assert model_alone["session_id"] is None


def test_a_first_word_is_timed_by_the_log(server: Server) -> None:
    with server.client() as client:
        answer = ask(client, QUICK)
        run = client.get(f"/runs/{answer['run_id']}").json()
        first = next(event for event in follow(client, answer["run_id"]) if event["type"] == "token")
        figures = told(client)["totals"]
    said = datetime.fromisoformat(first["timestamp"]).timestamp() - run["created_at"]
    assert figures["runs"] == 1
    assert figures["first_token_p50"] == figures["first_token_p95"] == pytest.approx(said, abs=0.002)
    assert figures["time_p50"] == pytest.approx(run["ended_at"] - run["created_at"], abs=0.002)


def test_declining_is_not_answering_and_a_desk_without_keys_falls_back_on_nothing(server: Server) -> None:
    with server.client() as client:
        before = counts(told(client)["totals"])
        ask(client, BITCOIN)
        after = counts(told(client)["totals"])
    assert after == before | {"declined": 1}


def test_what_is_destroyed_is_counted_no_more(server: Server) -> None:
    with server.client() as client:
        before = told(client)
        thread_id = ask(client, QUICK)["thread_id"]
        assert told(client)["totals"]["runs"] == before["totals"]["runs"] + 1
        client.delete(f"/api/threads/{thread_id}?hard_delete=true").raise_for_status()
        assert told(client) == before


@pytest.mark.parametrize("query", ["days=0", "days=93", "limit=0", "limit=201", "offset=-1"])
def test_what_cannot_be_told_is_refused(server: Server, query: str) -> None:
    with server.client() as client:
        assert refusal(client.get(f"/api/activity?{query}")) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ("openai:gpt-4o-mini,openai:gpt-4o", {"completed": 1, "fallbacks": 1}),
        ("openai:gpt-4o-mini,embedded", {"completed": 1, "fallbacks": 1, "reduced": 1}),
        ("openai:gpt-4o,embedded", {"completed": 1}),
    ],
)
def test_who_answers_in_anothers_place_is_counted(
    indexed: Path, tmp_path: Path, models: str, expected: dict[str, int]
) -> None:
    def play(request: RecordedRequest) -> Script:
        small = request.body and request.body["model"] == "gpt-4o-mini"
        return Script(("A ",), fault=Fault.NO_FINISH, at=1) if small else Script(("A short ", "answer."))

    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    settings: dict[str, Any] = {"SUPERVISOR_MODEL": "embedded", "WORKER_MODEL": models, "ANSWER_THRESHOLD": 0}
    settings |= PATIENT
    with OpenAIServer(play) as provider, serve(data, **settings | at_openai(provider)) as desk, desk.client() as client:
        run = ask(client, QUICK)
        steps = client.get(f"/runs/{run['run_id']}").json()["steps"]
        figures = told(client)
    assert counts(figures["totals"]) == counts(figures["agents"][0]) == expected
    fallen = [step["model"] for step in steps if step["fallback"]]
    assert fallen == ([models.split(",")[1]] if "fallbacks" in expected else [])


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


def ran(name: str, at: float, *agents: str, first_ms: int = 100, seconds: float = 1) -> list[str]:
    """A run that has ended, as SQL: what its supervisor and each of its agents took, and its log."""
    spoken = datetime.fromtimestamp(at + first_ms / 1000, UTC).isoformat(timespec="milliseconds")
    frames = (f'{{"type":"token","timestamp":"{spoken}"}}', '{"type":"token"}', '{"type":"done","reduced":true}')
    usage = '{"prompt": 10, "completion": 2, "total": 12}'
    return [
        f"INSERT INTO threads VALUES ('t{name}', 'ada', 'supervisor', 's{name}', '?', 1, 1, NULL)",
        f"""INSERT INTO runs (id, thread_id, session_id, user_id, status, question, created_at, ended_at, prompt_tokens,
            completion_tokens, cost_usd)
            VALUES ('{name}', 't{name}', 's{name}', 'ada', 'completed', '?', {at}, {at + seconds}, 100, 20, 0.5)""",
        *(f"INSERT INTO events VALUES ('{name}', {seq}, CAST('{frame}' AS BLOB))" for seq, frame in enumerate(frames)),
        *(
            f"""INSERT INTO steps (run_id, step_id, step_type, step_name, agent, status, started_at, usage, cost_usd)
                VALUES ('{name}', '{agent}', 'generate', 'm', nullif('{agent}', 'supervisor'), 'completed', 1,
                        '{usage}', 0.25)"""
            for agent in agents
        ),
        f"INSERT INTO feedback VALUES ('{name}', 'up', '', 1)",
    ]


def executing(statements: list[str]) -> Callable[[Connection], object]:
    return lambda db: [db.execute(statement) for statement in statements]


async def test_every_day_is_told_and_a_run_of_two_agents_is_one_run(database: Database) -> None:
    asked = {"a": NOW, "b": NOW - 2 * DAY_SECONDS, "c": 20_000 * DAY_SECONDS, "old": NOW - 4 * DAY_SECONDS}
    for name, at in asked.items():
        await database.write(executing(ran(name, at, "billing", "technical", "supervisor")))
        await database.write(lambda db, name=name: record_run(db, name))  # type: ignore[misc]
    found = await sql_stores(database).activity.read_summary("ada", 4, NOW)
    assert [(day.day, day.figures.runs, day.figures.tokens) for day in found.days] == [
        ("2024-10-01", 0, 0),
        ("2024-10-02", 1, 120),
        ("2024-10-03", 0, 0),
        ("2024-10-04", 2, 240),
    ]
    assert [(agent, one.runs, one.tokens, one.cost_usd) for agent, one in found.agents.items()] == [
        ("billing", 3, 36, 0.75),
        ("supervisor", 3, 36, 0.75),
        ("technical", 3, 36, 0.75),
    ]
    assert (found.totals.runs, found.totals.cost_usd, found.totals.reduced) == (3, 1.5, 3)
    assert (await sql_stores(database).activity.read_summary("bob", 4, NOW)).totals.runs == 0
    _, (run, *_) = await sql_stores(database).activity.latest_runs("ada", 0, 10, 0)
    assert (run.id, run.agents) == ("a", ["billing", "technical"])


async def test_times_are_those_of_half_and_of_nearly_all_runs(database: Database) -> None:
    for number in range(1, 21):
        name = f"r{number}"
        await database.write(executing(ran(name, NOW, "billing", first_ms=number * 100, seconds=number)))
        await database.write(lambda db, name=name: record_run(db, name))  # type: ignore[misc]
    found = await sql_stores(database).activity.read_summary(None, 1, NOW)
    for figures in (found.totals, found.days[0].figures, found.agents["billing"]):
        times = (figures.first_token_p50, figures.first_token_p95, figures.time_p50)
        assert times == (1.0, 1.9, 10.0)


async def test_runs_of_earlier_versions_are_counted_as_new_ones_are(tmp_path: Path, database: Database) -> None:
    rows = "SELECT * FROM activity ORDER BY run_id, agent"
    statements = ran("a", NOW, "billing", "supervisor") + ran("b", NOW, "billing", first_ms=300)
    await database.write(executing(statements))
    for name in ("a", "b"):
        await database.write(lambda db, name=name: record_run(db, name))  # type: ignore[misc]
    old = SqliteDatabase(
        tmp_path / "old.db", migrations.MIGRATIONS[: migrations.MIGRATIONS.index(create_activity_table)]
    )
    await old.write(executing(statements))
    await old.close()
    new = SqliteDatabase(tmp_path / "old.db", migrations.MIGRATIONS)
    found = [await one.read(lambda db: [tuple(row) for row in db.execute(rows)]) for one in (database, new)]
    await new.close()
    assert found[0] == found[1]
    assert [(row[1], row[2]) for row in found[0]] == [
        ("", "a"),
        ("billing", "a"),
        ("supervisor", "a"),
        ("", "b"),
        ("billing", "b"),
    ]


async def test_sums_and_pages_are_read_from_indexes(database: Database) -> None:
    async def read(stores: Stores) -> None:
        for user in (None, "ada"):
            await stores.activity.read_summary(user, 30, NOW)
            await stores.activity.latest_runs(user, 0, 50, 0)

    steps = [step for plan in await plans_of(database, read) for step in plan]
    assert len(steps) >= 6
    # Runs of one instant are put in order by hand.
    instant = "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"
    assert [step for step in steps if step.startswith("SCAN") or ("TEMP B-TREE" in step and step != instant)] == []
