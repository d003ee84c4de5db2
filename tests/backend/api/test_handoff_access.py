"""An operator reads another's conversation where its user has asked for a person, up to when that was seen to."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backend.storage.sql import migrations
from backend.storage.stores import sql_stores
from backend.users import digest_of
from knowledge.storage.sqlite import SqliteDatabase
from tests.backend.asking import refusal
from tests.serving import Server, serve

KEYS = {name: f"{name}-0123456789" for name in ("ada", "ben", "olga")}
BITCOIN = "Can I pay with Bitcoin from a hardware wallet in Brazil?"
HUMAN = "I want to talk to a human"
REFUNDS = "How are refunds of duplicate charges paid?"


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("access") / "data"))
    keys = ",".join(f"{name}:sha256:{digest_of(key)}" for name, key in KEYS.items())
    with serve(data, API_KEYS=keys, OPERATORS="olga", RATE_LIMIT="") as running:
        yield running


class Person:
    """One of the desk's users."""

    def __init__(self, desk: Server, name: str) -> None:
        self.client = desk.client(headers={"x-api-key": KEYS[name]})

    def ask(self, message: str, session: str, **body: Any) -> dict[str, Any]:
        reply = self.client.post("/chat", json={"message": message, "session_id": session, **body})
        return dict(reply.raise_for_status().json())

    def of_run(self, run: dict[str, Any]) -> dict[str, Any]:
        listed = self.client.get("/api/handovers", params={"limit": 200}).json()["handovers"]
        return dict(next(one for one in listed if one["run_id"] == run["run_id"]))

    def read(self, handover: dict[str, Any]) -> dict[str, Any]:
        return dict(self.client.get(f"/api/handovers/{handover['id']}").raise_for_status().json())

    def resolve(self, handover: dict[str, Any]) -> None:
        self.client.post(f"/api/handovers/{handover['id']}/resolve", json={}).raise_for_status()


@pytest.fixture
def people(desk: Server) -> Iterator[dict[str, Person]]:
    people = {name: Person(desk, name) for name in KEYS}
    yield people
    for person in people.values():
        person.client.close()


def runs(whole: dict[str, Any]) -> list[str]:
    return [turn["run_id"] for turn in whole["transcript"]]


def test_an_offer_that_nobody_took_up_shows_its_question_and_not_the_conversation(people: dict[str, Person]) -> None:
    ada, olga = people["ada"], people["olga"]
    before = ada.ask(f"{REFUNDS} My card ends in 4242", "offer")
    run = ada.ask(BITCOIN, "offer")
    offered = olga.of_run(run)
    assert (offered["cause"], offered["summary"]) == ("unanswered", BITCOIN)
    whole = olga.read(offered)
    assert (whole["withheld"], whole["transcript"]) == (True, [])
    assert "4242" not in str(whole)
    # Whose it is reads it as ever.
    own = ada.read(offered)
    assert (own["withheld"], runs(own)) == (False, [before["run_id"]] * 2 + [run["run_id"]] * 2)
    # An operator who sees to an offer learns no more by that.
    olga.resolve(offered)
    assert (olga.read(offered)["withheld"], olga.read(offered)["transcript"]) == (True, [])
    assert runs(ada.read(offered)) == runs(own)


def test_who_takes_an_offer_up_lets_the_conversation_be_read(people: dict[str, Person]) -> None:
    ada, olga = people["ada"], people["olga"]
    before, run = ada.ask(REFUNDS, "taken"), ada.ask(BITCOIN, "taken")
    wish = {"thread_id": run["thread_id"], "contact": "ada@example.org"}
    taken = ada.client.post("/api/handovers", json=wish).raise_for_status().json()
    assert taken["summary"] == f"{REFUNDS}\n{BITCOIN}"
    whole = olga.read(taken)
    assert (whole["withheld"], runs(whole)) == (False, [before["run_id"]] * 2 + [run["run_id"]] * 2)


def test_what_is_said_after_the_resolution_is_not_shown_whatever_the_clock_says(
    desk: Server, people: dict[str, Person]
) -> None:
    ada, olga = people["ada"], people["olga"]
    run = ada.ask(HUMAN, "resolved")
    waiting = olga.of_run(run)
    assert (waiting["cause"], runs(olga.read(waiting))) == ("asked", [run["run_id"]] * 2)
    olga.resolve(waiting)
    later = ada.ask(REFUNDS, "resolved")
    # As if the clock had been set back between the two.
    with closing(sqlite3.connect(desk.data_dir / "desk.db", isolation_level=None)) as db:
        for table, column in (("messages", "run_id"), ("runs", "id")):
            db.execute(f"UPDATE {table} SET created_at = 1 WHERE {column} = ?", (later["run_id"],))
    ada.client.post(f"/runs/{run['run_id']}/feedback", json={"rating": "down", "comment": "Nobody came"})
    shown = olga.read(waiting)
    assert (shown["withheld"], runs(shown)) == (False, [run["run_id"]] * 2)
    assert "Nobody came" not in str(shown)
    assert sorted(runs(ada.read(waiting))) == sorted([run["run_id"], later["run_id"]] * 2)
    # Who asks again lets it be read again, by the new matter.
    again = olga.of_run(ada.ask(HUMAN, "resolved"))
    assert later["run_id"] in runs(olga.read(again))
    assert later["run_id"] not in runs(olga.read(waiting))


def test_operators_read_conversations_of_others_by_no_other_door(people: dict[str, Person]) -> None:
    ada, ben, olga = people["ada"], people["ben"], people["olga"]
    run = ada.ask(HUMAN, "doors")
    thread = run["thread_id"]
    waiting = olga.of_run(run)
    assert refusal(ben.client.get(f"/api/handovers/{waiting['id']}")) == (404, "handover_not_found")
    for door in (f"/api/threads/{thread}", f"/api/threads/{thread}/export", f"/api/agents/supervisor/threads/{thread}"):
        assert refusal(olga.client.get(door)) == (404, "thread_not_found")
    for door in (f"/runs/{run['run_id']}", f"/runs/{run['run_id']}/stream"):
        assert refusal(olga.client.get(door)) == (404, "run_not_found")
    listed = olga.client.get("/api/threads", params={"search": "human", "status": "all"}).json()
    assert thread not in str(listed)


async def test_hand_overs_of_before_are_brought_to_the_same_rules(tmp_path: Path) -> None:
    old = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS[:10])
    statements = [
        "INSERT INTO threads VALUES ('t', 'ada', 'supervisor', 's', 'Refunds', 1, 9, NULL)",
        *(
            f"""INSERT INTO runs (id, thread_id, session_id, user_id, status, question, created_at)
                VALUES ('r{at}', 't', 's', 'ada', 'completed', 'Question {at}', {at})"""
            for at in (1, 5)
        ),
        *(
            f"INSERT INTO messages (id, thread_id, run_id, role, content, created_at) VALUES ('m{at}', 't', 'r{at}', "
            f"'user', 'Question {at}', {at})"
            for at in (1, 5)
        ),
        *(
            f"""INSERT INTO handovers VALUES
                ('{name}', 'r1', 't', 'ada', {agent}, '{cause}', 'why', 'All of it', 2, {end},
                 NULL, NULL, {contact}, NULL)"""
            for name, agent, cause, end, contact in (
                ("done", "NULL", "asked", 3, "NULL"),
                ("offer", "'billing'", "unanswered", "NULL", "NULL"),
                ("tool", "'billing'", "asked", "NULL", "NULL"),
                ("taken", "'general'", "unanswered", "NULL", "'ada@example.org'"),
            )
        ),
    ]
    await old.write(lambda db: [db.execute(statement) for statement in statements])
    await old.close()
    database = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    store = sql_stores(database).handoffs
    shown: dict[str, tuple[str, list[str] | None]] = {}
    for handoff in (await store.list_handoffs(None, None, 10, 0))[1]:
        said = await store.read_transcript(handoff, "olga")
        shown[handoff.id] = (handoff.summary, None if said is None else [message.id for message in said])
    assert shown == {
        "done": ("All of it", ["m1"]),
        "offer": ("Question 1", None),
        "tool": ("Question 1", None),
        "taken": ("All of it", ["m1", "m5"]),
    }
    await database.close()
