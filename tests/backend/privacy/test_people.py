"""A person's copy holds everything that is theirs and nothing of others; a deletion leaves nothing of it."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.backend.asking import HELD, QUICK, Provided, as_user, begin, keys, provided, refusal
from tests.backend.privacy.stores import add_history, holding, places
from tests.backend.privacy.traces import copy_of, leave_traces, upload
from tests.serving import serve

# What was spent today stays: nobody gets a new budget by deleting themselves.
_KEPT = ("own_words_", "spending:")
NAMES = ("boss", *(f"user{number}" for number in range(12)))


@pytest.fixture(scope="module")
def running(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    settings = {"API_KEYS": keys(*NAMES), "OPERATORS": "boss", "UPLOAD_RATE": "", "SEARCH_RATE": ""}
    with provided(indexed, tmp_path_factory.mktemp("people"), **settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def names() -> Iterator[str]:
    return iter(NAMES[1:])


@pytest.fixture
def name(names: Iterator[str]) -> str:
    return next(names)


@pytest.fixture
def boss(running: Provided) -> Iterator[httpx.Client]:
    with as_user(running.desk, "boss") as client:
        yield client


@pytest.fixture
def person(running: Provided, name: str) -> Iterator[httpx.Client]:
    with as_user(running.desk, name) as client:
        yield client


def test_a_copy_holds_all_of_its_person_and_nothing_of_others(
    running: Provided, boss: httpx.Client, person: httpx.Client, name: str, names: Iterator[str]
) -> None:
    left = leave_traces(person, "zanzibar")
    with as_user(running.desk, next(names)) as other:
        leave_traces(other, "madagascar")
    files = copy_of(person, name)
    assert b"madagascar" not in b"".join(files.values())
    thread = json.loads(files[f"conversations/{left['thread']}.json"])
    assert thread["conversation"]["title"] == "How are zanzibar charges refunded?"
    assert [message["role"] for message in thread["messages"]] == ["user", "assistant"]
    (run,) = thread["runs"]
    assert run["run"]["id"] == left["run"]
    assert run["feedback"][0]["comment"] == "zanzibar"
    assert {step["step_type"] for step in run["steps"]} >= {"route", "agent"}
    assert [event["payload"]["type"] for event in run["events"]][:: len(run["events"]) - 1] == ["start", "done"]
    assert "How are zanzibar charges refunded?" in files[f"conversations/{left['thread']}.md"].decode()
    assert files[f"documents/{left['document']}.md"].decode() == "# The zanzibar\n\nA zanzibar is refunded twice."
    assert json.loads(files[f"documents/{left['document']}.json"])["path"] == "zanzibar.md"
    assert sum(path.startswith("documents/") for path in files) == 4
    wishes = json.loads(files["requests-for-a-person.json"])
    assert [wish["contact"] for wish in wishes] == ["zanzibar@example.org"] * 2
    assert "zanzibar@example" in files["requests-for-a-person.md"].decode()
    assert json.loads(files["spending.json"])[0]["tokens"] > 0
    assert left["run"] in {row["run_id"] for row in json.loads(files["figures.json"])}
    (key,) = json.loads(files["keys.json"])
    assert "digest" not in key
    assert key["user_id"] == name
    assert "person.export" in {entry["action"] for entry in json.loads(files["audit.json"])}
    assert "- 2 documents" in files["README.md"].decode()
    assert copy_of(boss, name).keys() >= files.keys()
    exports = [
        entry["actor"] for entry in json.loads(copy_of(boss, name)["audit.json"]) if entry["action"] == "person.export"
    ]
    assert exports == [name, "boss", "boss"]


def test_a_long_conversation_is_copied_whole_with_what_was_replaced(
    person: httpx.Client, running: Provided, name: str
) -> None:
    first = person.post("/chat", json={"message": "The first wording?"}).json()
    again = {"message": "The second wording?", "replaces": first["run_id"]}
    person.post("/chat", json=again).raise_for_status()
    (long,) = add_history(running.desk.data_dir, name, 1, runs=250)
    files = copy_of(person, name)
    replaced = json.loads(files[f"conversations/{first['thread_id']}.json"])
    assert [run["run"]["question"] for run in replaced["runs"]] == ["The first wording?", "The second wording?"]
    assert "The first wording?" not in files[f"conversations/{first['thread_id']}.md"].decode()
    whole = json.loads(files[f"conversations/{long}.json"])
    asked = [f"Question {number} of {name}?" for number in range(250)]
    assert [run["run"]["question"] for run in whole["runs"]] == asked
    assert {len(run["events"]) for run in whole["runs"]} == {20}
    assert len(whole["messages"]) == 500
    assert files[f"conversations/{long}.md"].decode().count("\n## ") == 500


def test_others_are_no_persons_to_whoever_is_no_operator(
    running: Provided, person: httpx.Client, boss: httpx.Client
) -> None:
    for method, path in (
        ("GET", "/api/people"),
        ("GET", "/api/people/boss/export"),
        ("GET", "/api/people/nobody/export"),
        ("DELETE", "/api/people/boss"),
        ("DELETE", "/api/people/boss/conversations"),
        ("DELETE", "/api/people/boss/documents"),
        ("DELETE", "/api/people/boss/documents/0123456789abcdef"),
    ):
        assert refusal(person.request(method, path)) == (403, "not_allowed"), path
    assert refusal(boss.get("/api/people/nobody/export")) == (404, "person_not_found")
    assert refusal(boss.delete("/api/people/no%20body")) == (422, "invalid_request")


def test_operators_see_who_there_is_and_how_much_and_not_a_word(
    boss: httpx.Client, person: httpx.Client, name: str
) -> None:
    leave_traces(person, "sumatra")
    listed = boss.get("/api/people", params={"limit": 200})
    assert listed.json()["total"] == len(NAMES)
    assert "sumatra" not in listed.text
    (told,) = [one for one in listed.json()["people"] if one["user"] == name]
    assert told["last_active_at"] > 0
    assert {field: told[field] for field in ("has_key", "conversations", "runs", "handovers", "documents")} == {
        "has_key": True,
        "conversations": 2,
        "runs": 2,
        "handovers": 2,
        "documents": 2,
    }
    assert told["message_bytes"] > 50
    assert told["document_bytes"] > 50
    assert [one["user"] for one in boss.get("/api/people?limit=1&offset=1").json()["people"]] == [sorted(NAMES)[1]]


def test_whoever_is_deleted_leaves_no_trace_and_nobody_else_loses_one(
    running: Provided, boss: httpx.Client, person: httpx.Client, name: str, names: Iterator[str]
) -> None:
    data = running.desk.data_dir
    with as_user(running.desk, next(names)) as other:
        kept = leave_traces(other, "seychelles")
        left = leave_traces(person, "mauritius")
        stored = boss.post("/api/keys", json={"user": name, "scopes": ["chat"]}).raise_for_status().json()
        run = begin(person, f"{HELD} mauritius", words=1)
        traces = ("mauritius", f"'{name}'", *left.values())
        assert holding(data, *traces)
        assert any(name.encode().hex() in place for place in places(data))
        deleted = person.delete(f"/api/people/{name}").raise_for_status().json()
        assert (deleted["conversations"], deleted["documents"], deleted["handovers"]) == (3, 2, 2)
        assert (deleted["feedback"], deleted["runs"], deleted["messages"], deleted["days_of_spending"]) == (1, 3, 6, 0)
        assert (deleted["keys_revoked"], deleted["keys_in_settings"]) == (1, 1)
        assert "API_KEYS" in deleted["note"]
        assert [row for row in holding(data, *traces, stored["id"]) if not row.startswith(_KEPT)] == []
        assert not any(name.encode().hex() in place for place in places(data))
        assert refusal(person.get(f"/runs/{run}")) == (404, "run_not_found")
        with running.desk.client(headers={"x-api-key": stored["key"]}) as revoked:
            assert refusal(revoked.get("/api/threads")) == (401, "key_refused")
        again = boss.delete(f"/api/people/{name}").raise_for_status().json()
        assert {again[field] for field in ("conversations", "runs", "messages", "documents", "keys_revoked")} == {0}
        assert other.get(f"/api/threads/{kept['thread']}").json()["messages"] == 2
        assert other.get("/api/documents?search=seychelles").json()["total"] == 2
        entries = boss.get("/api/audit", params={"action": "person.delete", "target": name}).json()["entries"]
        assert sorted(entry["actor"] for entry in entries) == sorted([name, "boss"])
        assert person.post("/chat", json={"message": QUICK}).status_code == 200


@pytest.mark.parametrize(("part", "stays"), [("conversations", "documents"), ("documents", "conversations")])
def test_an_operator_removes_a_part_unread(
    boss: httpx.Client, person: httpx.Client, name: str, part: str, stays: str
) -> None:
    left = leave_traces(person, "borneo")
    one = {"conversations": left["thread"], "documents": left["document"]}[part]
    assert boss.delete(f"/api/people/{name}/{part}/{one}").json() == {"user": name, "deleted": one}
    assert boss.delete(f"/api/people/{name}/{part}/{one}").status_code == 404
    assert boss.delete(f"/api/people/boss/{part}/{one}").status_code == 404
    removed = boss.delete(f"/api/people/{name}/{part}").raise_for_status().json()
    assert (removed["part"], removed[part], removed[stays]) == (part, 1, 0)
    totals = {
        "conversations": person.get("/api/threads?status=all").json()["total"],
        "documents": person.get("/api/documents?search=borneo").json()["total"],
    }
    assert totals == {part: 0, stays: {"conversations": 1, "documents": 2}[stays]}


def test_nothing_that_is_asked_meanwhile_comes_back(running: Provided, name: str) -> None:
    """Questions, and a document that is being brought in, of all moments before, during and after."""
    data = running.desk.data_dir
    add_history(data, name, 150)
    stop, outcomes = threading.Event(), []

    def keep(do: Callable[[httpx.Client, int], httpx.Response]) -> None:
        with as_user(running.desk, name) as client:
            number = 0
            while not stop.is_set():
                number += 1
                outcomes.append(refused_or_done(do(client, number)))

    def ask(client: httpx.Client, number: int) -> httpx.Response:
        return client.post("/chat", json={"message": "Hello!", "session_id": f"session{number % 3}"})

    def bring(client: httpx.Client, number: int) -> httpx.Response:
        return upload(client, f"{number}.md", f"# Celebes {number}\n\nCelebes.")

    threads = [threading.Thread(target=keep, args=[do]) for do in (ask, ask, bring)]
    for thread in threads:
        thread.start()
    with as_user(running.desk, name) as client:
        for _ in range(5):
            client.delete(f"/api/people/{name}").raise_for_status()
        stop.set()
        for thread in threads:
            thread.join()
        client.delete(f"/api/people/{name}").raise_for_status()
    refusals = {"removal_under_way", "documents_forgotten", "thread_busy", "thread_not_found", "cancelled"}
    assert set(outcomes) <= {"done", *refusals}
    assert "done" in outcomes
    assert [row for row in holding(data, f"'{name}'", "Celebes") if not row.startswith(("keys:", *_KEPT))] == []


def refused_or_done(reply: httpx.Response) -> str:
    return "done" if reply.is_success else str(reply.json()["error"]["code"])


def test_a_document_that_was_sent_before_a_deletion_is_not_stored_after_it(
    running: Provided, person: httpx.Client, name: str
) -> None:
    """It is read and embedded for a while; whoever sent it is told."""
    text = "\n\n".join(f"# Part {number}\n\nA java part of some words, number {number}." for number in range(400))
    replies: list[httpx.Response] = []

    def bring() -> None:
        with as_user(running.desk, name) as client:
            replies.append(upload(client, "large.md", text))

    bringing = threading.Thread(target=bring)
    bringing.start()
    deleted = 0
    while bringing.is_alive():
        person.delete(f"/api/people/{name}/documents").raise_for_status()
        deleted += 1
        bringing.join(0.1)
    assert deleted
    assert refusal(replies[0]) == (409, "documents_forgotten")
    assert person.get("/api/documents?search=large").json()["total"] == 0


def test_a_deletion_that_is_killed_is_completed_at_the_next_start(data_dir: Path) -> None:
    settings: dict[str, Any] = {"API_KEYS": keys("boss", "ann", "ben"), "OPERATORS": "boss", "WORKER_MODEL": "embedded"}
    with serve(data_dir, **settings) as first:
        with as_user(first, "ann") as ann:
            upload(ann, "sulawesi.md", "# Sulawesi\n\nSulawesi.").raise_for_status()
        before = len(add_history(data_dir, "ann", 2_000))
        add_history(data_dir, "ben", 3)

        def remove() -> None:
            with as_user(first, "boss") as boss, pytest.raises(httpx.TransportError):
                boss.delete("/api/people/ann")

        removing = threading.Thread(target=remove)
        removing.start()
        while not 0 < (left := len(holding_threads(data_dir, "ann"))) < before:
            assert removing.is_alive()
        first.kill()
        removing.join()
    assert left
    with serve(data_dir, **settings) as second, as_user(second, "boss") as boss:
        assert holding(data_dir, "'ann'", "Sulawesi") == []
        assert len(holding_threads(data_dir, "ben")) == 3
        (entry,) = boss.get("/api/audit", params={"action": "person.delete"}).json()["entries"]
        assert (entry["actor"], entry["target"]) == ("boss", "ann")
        with as_user(second, "ann") as ann:
            assert ann.post("/chat", json={"message": "Hello!"}).status_code == 200


def holding_threads(data_dir: Path, user: str) -> list[str]:
    return [row for row in holding(data_dir, f"'{user}'") if row.startswith("threads:")]


def test_without_keys_the_one_user_is_local(data_dir: Path) -> None:
    with serve(data_dir, WORKER_MODEL="embedded", SUPERVISOR_MODEL="embedded") as desk, desk.client() as client:
        client.post("/chat", json={"message": QUICK}).raise_for_status()
        (person,) = client.get("/api/people").json()["people"]
        assert (person["user"], person["has_key"], person["conversations"]) == ("local", True, 1)
        assert sum(path.endswith(".md") for path in copy_of(client, "local")) == 3
        removed = client.delete("/api/people/local").raise_for_status().json()
        assert (removed["conversations"], removed["documents"], removed["note"]) == (1, 0, "")
        assert client.get("/api/documents").json()["total"] == 6
        assert [row for row in holding(data_dir, "'local'") if not row.startswith(_KEPT)] == []
