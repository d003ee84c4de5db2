"""Conversations: found, renamed, exported, rated, put away, brought back, destroyed, and those of earlier versions."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.privacy.deletion import ConversationDeletion
from backend.storage.sql import migrations
from backend.storage.sql.checkpoints import open_memory
from backend.storage.stores import sql_stores
from backend.storage.threads import ThreadFilter
from knowledge.storage.database import Connection
from knowledge.storage.sqlite import SqliteDatabase
from tests.backend.asking import HELD, QUICK, Provided, as_user, begin, follow, keys, provided, refusal
from tests.backend.storage.query_plans import plans_of

# Each test is a user of its own, so that lists and counts are its own too.
USERS = [f"user{number}" for number in range(40)]


@pytest.fixture(scope="module")
def running(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    with provided(indexed, tmp_path_factory.mktemp("threads"), API_KEYS=keys(*USERS)) as opened:
        yield opened


@pytest.fixture(scope="module")
def users() -> Iterator[str]:
    return iter(USERS)


@pytest.fixture
def client(running: Provided, users: Iterator[str]) -> Iterator[httpx.Client]:
    with as_user(running.desk, next(users)) as opened:
        yield opened


def ask(client: httpx.Client, message: str = QUICK, path: str = "/chat", **body: Any) -> dict[str, Any]:
    return dict(client.post(path, json={"message": message, **body}).raise_for_status().json())


def titles(client: httpx.Client, **filters: Any) -> list[str]:
    return [thread["title"] for thread in client.get("/api/threads", params=filters).json()["threads"]]


def everything(data_dir: Path) -> str:
    """Every row of both databases of conversations, but for the audit log: it names what was deleted, by its id."""
    found = []
    for file in (data_dir / "desk.db", data_dir / "graph.db"):
        with closing(sqlite3.connect(file)) as db:
            tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'audit'"
            for (table,) in db.execute(tables).fetchall():
                found += [repr(row) for row in db.execute(f"SELECT * FROM {table}")]
    return "\n".join(found)


def test_conversations_are_listed_page_by_page_the_last_used_first(client: httpx.Client) -> None:
    asked = [ask(client, f"Charge number {number}?", session_id=f"s{number}") for number in range(5)]
    ask(client, QUICK, session_id="s1")
    first = client.get("/api/threads?limit=2").json()
    assert (first["total"], first["limit"], first["offset"]) == (5, 2, 0)
    pages = [client.get(f"/api/threads?limit=2&offset={offset}").json()["threads"] for offset in (0, 2, 4, 6)]
    assert [thread["session_id"] for page in pages for thread in page] == ["s1", "s4", "s3", "s2", "s0"]
    assert [thread["messages"] for thread in pages[0]] == [4, 2]
    assert pages[0][0]["id"] == asked[1]["thread_id"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "offset=-1",
        "status=gone",
        f"search={'x' * 201}",
        "search=%00",
        "session=",
        "session=a%25",
        "session_prefix=",
        "session_prefix=a%25",
        f"session_prefix={'x' * 129}",
    ],
)
def test_a_list_that_cannot_be_is_refused(client: httpx.Client, query: str) -> None:
    assert refusal(client.get(f"/api/threads?{query}")) == (422, "invalid_request")


def test_a_search_means_the_characters_it_is_made_of(client: httpx.Client) -> None:
    messages = ["A discount of 50% off?", "The file a_b?", "The file axb?", 'It\'s "quoted"?', "The path C:\\new?"]
    for message in messages:
        ask(client, message)
    found = {text: titles(client, search=text) for text in ("50%", "%", "a_b", "_", "it's \"Q", "'", "C:\\new", "\\")}
    assert found == {
        "50%": [messages[0]],
        "%": [messages[0]],
        "a_b": [messages[1]],
        "_": [messages[1]],
        "it's \"Q": [messages[3]],
        "'": [messages[3]],
        "C:\\new": [messages[4]],
        "\\": [messages[4]],
    }
    assert len(titles(client, search="a short answer")) == len(messages)


def test_conversations_are_found_by_how_their_sessions_begin(client: httpx.Client) -> None:
    for session in ("web", "web:", "web:a", "web:b_1", "web:bx1", "WEB:c", "wec", "we"):
        ask(client, session, session_id=session)
    ask(client, "put away", session_id="web:gone")
    client.delete(f"/api/threads/{ask(client, session_id='web:gone')['thread_id']}").raise_for_status()
    found = {prefix: set(titles(client, session_prefix=prefix)) for prefix in ("web:", "web:b_", "w", "WEB", "x")}
    assert found == {
        "web:": {"web:", "web:a", "web:b_1", "web:bx1"},
        "web:b_": {"web:b_1"},
        "w": {"web", "web:", "web:a", "web:b_1", "web:bx1", "wec", "we"},
        "WEB": {"WEB:c"},
        "x": set(),
    }
    assert titles(client, session_prefix="web:", status="deleted") == ["put away"]
    page = client.get("/api/threads", params={"session_prefix": "web:", "search": "b", "limit": 1, "offset": 1})
    assert (page.json()["total"], page.json()["threads"][0]["session_id"]) == (4, "web:b_1")


def test_conversations_are_found_by_what_their_session_is_called(client: httpx.Client) -> None:
    for session in ("web:a", "web:ab", "WEB:a"):
        ask(client, session, session_id=session)
    found = {session: set(titles(client, session=session)) for session in ("web:a", "web:ab", "web:")}
    assert found == {"web:a": {"web:a"}, "web:ab": {"web:ab"}, "web:": set()}
    assert titles(client, session="web:a", agent="billing") == []


@pytest.mark.parametrize(
    ("wanted", "condition"),
    [
        (ThreadFilter("local", session_id="web:a"), "session_id=?"),
        (ThreadFilter("local", session_prefix="web:"), "session_id>? AND session_id<?"),
    ],
    ids=["whole", "beginning"],
)
async def test_sessions_are_looked_up_in_an_index(tmp_path: Path, wanted: ThreadFilter, condition: str) -> None:
    database = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    plans = await plans_of(database, lambda stores: stores.threads.list_threads(wanted, 50, 0))
    await database.close()
    assert [plan[0] for plan in plans] == [
        f"SEARCH threads USING INDEX threads_by_session (user_id=? AND {condition})"
    ] * 2


def test_a_title_is_the_question_until_it_is_given(client: httpx.Client) -> None:
    thread = ask(client, "A  very\nlong question " * 10)["thread_id"]
    (title,) = titles(client)
    assert title == "A very long question A very long question A very long que..."
    renamed = client.patch(f"/api/threads/{thread}", json={"title": "  Kurz & gut  "})
    assert renamed.json()["title"] == "Kurz & gut"
    assert titles(client, search="kurz & GUT") == ["Kurz & gut"]
    for bad in ("", "  ", "a\nb", "a\x00", "x" * 201, 7):
        assert client.patch(f"/api/threads/{thread}", json={"title": bad}).status_code == 422
    assert titles(client) == ["Kurz & gut"]


def test_an_export_holds_the_conversation_and_no_markup_of_its_title(client: httpx.Client) -> None:
    run = ask(client)
    stopped = begin(client, HELD, words=3, thread_id=run["thread_id"])
    client.post(f"/runs/{stopped}/cancel")
    follow(client, stopped)
    path = f"/api/threads/{run['thread_id']}"
    client.patch(path, json={"title": "# <img src=x> [click](javascript:alert(1)) `x` *y*"}).raise_for_status()
    markdown, exported = client.get(f"{path}/export"), client.get(f"{path}/export?format=json")
    assert markdown.headers["content-type"].startswith("text/markdown")
    for response, ending in ((markdown, "md"), (exported, "json")):
        named = f'attachment; filename="conversation-{run["thread_id"]}.{ending}"'
        assert response.headers["content-disposition"] == named
    head, *turns = markdown.text.split("\n## ")
    escaped = r"# \# \<img src=x\> \[click\]\(javascript:alert\(1\)\) \`x\` \*y\*"
    assert head.split("\n")[0] == escaped
    assert [turn.split(",")[0] for turn in turns] == ["You", "Desk", "You", "Desk"]
    assert "A short answer." in turns[1]
    assert turns[3].endswith("word0 word1 word2 \n\n(This answer was stopped.)\n")
    document = exported.json()
    assert document["thread"]["id"] == run["thread_id"]
    assert [turn["content"] for turn in document["messages"]] == [QUICK, "A short answer.", HELD, "word0 word1 word2 "]


def test_a_rating_is_kept_with_its_answer(client: httpx.Client) -> None:
    run = ask(client)
    for rating, comment in (("up", "Fine"), ("down", "It's 200 MB now; DROP TABLE feedback")):
        client.post(f"/runs/{run['run_id']}/feedback", json={"rating": rating, "comment": comment}).raise_for_status()
    question, answer = client.get(f"/api/threads/{run['thread_id']}").json()["history"]
    assert question["feedback"] is None
    assert answer["feedback"] == {"rating": "down", "comment": "It's 200 MB now; DROP TABLE feedback"}
    assert client.get(f"/runs/{run['run_id']}").json()["feedback"]["rating"] == "down"
    for bad in ({"rating": "meh"}, {}, {"rating": "up", "comment": "x" * 4_001}):
        assert client.post(f"/runs/{run['run_id']}/feedback", json=bad).status_code == 422


def test_what_is_put_away_can_come_back_unless_its_session_went_on(client: httpx.Client) -> None:
    first = ask(client, session_id="s")["thread_id"]
    assert client.delete(f"/api/threads/{first}").json() == {"deleted": first, "hard": False}
    assert (titles(client), titles(client, status="deleted")) == ([], [QUICK])
    refused = client.post("/chat", json={"message": QUICK, "thread_id": first})
    assert refusal(refused) == (404, "thread_not_found")
    second = ask(client, session_id="s")["thread_id"]
    assert second != first
    assert refusal(client.post(f"/api/threads/{first}/restore")) == (409, "session_taken")
    client.delete(f"/api/threads/{second}")
    assert client.post(f"/api/threads/{first}/restore").json()["deleted_at"] is None
    assert ask(client, session_id="s")["thread_id"] == first
    assert client.get(f"/api/threads/{first}").json()["messages"] == 4


@pytest.mark.parametrize("delete", ["/api/threads/{}", "/api/agents/supervisor/threads/{}"])
def test_what_is_destroyed_leaves_no_trace_also_of_what_was_under_way(
    client: httpx.Client, running: Provided, delete: str
) -> None:
    kept = ask(client)
    run = ask(client, "The Zanzibar invoice, how is it refunded?", session_id="destroyed")
    client.post(f"/runs/{run['run_id']}/feedback", json={"rating": "up"}).raise_for_status()
    held = begin(client, f"{HELD} zanzibar", words=1, thread_id=run["thread_id"])
    queued = begin(client, "Zanzibar?", thread_id=run["thread_id"], when_busy="enqueue")
    traces = (run["thread_id"], run["run_id"], held, queued, "anzibar")
    assert all(trace in everything(running.desk.data_dir) for trace in traces)
    deleted = client.delete(delete.format(run["thread_id"]), params={"hard_delete": True})
    assert deleted.json() == {"deleted": run["thread_id"], "hard": True}
    left = everything(running.desk.data_dir)
    assert not [trace for trace in traces if trace in left]
    assert kept["thread_id"] in left
    assert refusal(client.get(f"/runs/{held}")) == (404, "run_not_found")
    assert ask(client, session_id="destroyed")["thread_id"] != run["thread_id"]


def test_each_agent_has_its_own_conversations(client: httpx.Client) -> None:
    billing = ask(client, path="/api/agents/billing/chat", session_id="s")["thread_id"]
    general = ask(client, session_id="s")["thread_id"]
    listed = client.get("/api/agents/billing/threads").json()["threads"]
    assert [thread["id"] for thread in listed] == [billing]
    assert {thread["id"] for thread in client.get("/api/threads").json()["threads"]} == {billing, general}
    assert client.get(f"/api/agents/billing/threads/{billing}").json()["messages"] == 2
    for path in (f"billing/threads/{general}", f"technical/threads/{billing}", f"nobody/threads/{billing}"):
        assert refusal(client.get(f"/api/agents/{path}")) == (404, "thread_not_found")
    refused = client.post("/api/agents/technical/chat", json={"message": QUICK, "thread_id": billing})
    assert refusal(refused) == (404, "thread_not_found")
    assert refusal(client.get("/api/agents/nobody/threads")) == (404, "agent_not_found")


async def test_conversations_of_the_first_version_are_kept(tmp_path: Path) -> None:
    old = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS[:2])
    for statement in (
        "INSERT INTO threads VALUES ('t', 's', 'Refunds', 1, 2)",
        """INSERT INTO runs (id, thread_id, session_id, status, question, created_at, ended_at)
           VALUES ('r', 't', 's', 'completed', 'How?', 1, 2)""",
        "INSERT INTO messages VALUES ('m1', 't', 'r', 'user', 'How?', 1)",
        "INSERT INTO messages VALUES ('m2', 't', 'r', 'assistant', 'So.', 2)",
        "INSERT INTO events VALUES ('r', 0, x'7b7d')",
    ):
        await old.write(executing(statement))
    await old.close()
    new = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    total, (thread,) = await sql_stores(new).threads.list_threads(ThreadFilter("local", search="so."), 10, 0)
    history = await sql_stores(new).threads.all_messages("t")
    broken = await new.read(lambda db: db.execute("PRAGMA foreign_key_check").fetchall())
    assert (total, thread.title, thread.agent_id, thread.messages) == (1, "Refunds", "supervisor", 2)
    assert [turn.content for turn in history] == ["How?", "So."]
    assert await sql_stores(new).threads.thread_of_session("local", "supervisor", "s") == "t"
    assert broken == []
    async with open_memory(tmp_path) as memory:
        await ConversationDeletion(sql_stores(new).deletion, memory).conversation("t")
    assert "Refunds" not in everything(tmp_path)
    await new.close()


def executing(statement: str) -> Callable[[Connection], object]:
    return lambda db: db.execute(statement)
