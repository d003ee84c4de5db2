"""What a copy says of others is nothing that is theirs; it is made once at a time, and ends with the key."""

import io
import json
import shutil
import socket
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.backend.agents import SALES
from tests.backend.asking import as_user, keys, refusal
from tests.backend.auth.desk import make_key, until
from tests.backend.privacy.stores import add_history
from tests.serving import Server, serve

# More than the sockets between a desk and a client who does not read can hold.
_BLOBS, _BLOB_BYTES = 400, 50_000
# Names that agents, the desk itself and other targets of the audit log have too.
USERS = ("boss", "billing", "desk", "audit", "ada")


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("exports") / "data"))
    settings = {"API_KEYS": keys(*USERS), "OPERATORS": "boss", "SEARCH_RATE": "", "HEARTBEAT_SECONDS": "0.2"}
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0, SLOW_READER_SECONDS=600, **settings) as running:
        yield running


@pytest.fixture
def boss(desk: Server) -> Iterator[httpx.Client]:
    with as_user(desk, "boss") as client:
        yield client


def audit_of(client: httpx.Client, name: str) -> list[dict[str, Any]]:
    reply = client.get(f"/api/people/{name}/export").raise_for_status()
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        return list(json.loads(archive.read("audit.json")))


@pytest.mark.parametrize("name", ["billing", "desk", "audit"])
def test_a_person_named_as_something_else_is_not_told_of_it(desk: Server, boss: httpx.Client, name: str) -> None:
    agent = boss.get("/api/agents/billing").json() | {"prompt": f"A prompt that {name} may not read."}
    agent.pop("origin", None)
    boss.put("/api/agents/billing", json=agent).raise_for_status()
    boss.get("/api/audit?format=csv").raise_for_status()
    with as_user(desk, name) as client:
        told = audit_of(client, name)
    assert {entry["action"] for entry in told} == {"person.export"}
    assert {(entry["actor"], entry["person"]) for entry in told} == {(name, name)}


def test_what_others_did_is_told_without_what_is_theirs(desk: Server, boss: httpx.Client) -> None:
    with as_user(desk, "ada") as ada:
        thread = ada.post("/chat", json={"message": "How are refunds paid? 2 tokens"}).json()["thread_id"]
        ada.post("/chat", json={"message": "I want to talk to a human"}).raise_for_status()
        (waiting,) = ada.get("/api/handovers").json()["handovers"]
        boss.get(f"/api/handovers/{waiting['id']}").raise_for_status()
        made = make_key(boss, "ada", "chat", label="laptop")
        boss.delete(f"/api/keys/{made['id']}").raise_for_status()
        boss.delete(f"/api/people/ada/conversations/{thread}").raise_for_status()
        boss.get("/api/people/ada/export").raise_for_status()
        told = audit_of(ada, "ada")
    by_boss = [entry for entry in told if entry["actor"] == "boss"]
    done = ["transcript.read", "key.make", "key.revoke", "conversation.destroy", "person.export"]
    assert [entry["action"] for entry in by_boss] == done
    for entry in by_boss:
        assert [entry[field] for field in ("address", "key_id", "before", "after", "hash")] == [None] * 5
    (own,) = [entry for entry in told if entry["actor"] == "ada"]
    assert (own["action"], own["address"]) == ("person.export", "127.0.0.1")
    assert own["key_id"]


def test_an_operator_s_copy_tells_what_they_did_and_no_prompt(boss: httpx.Client) -> None:
    boss.post("/api/agents", json=SALES).raise_for_status()
    boss.delete(f"/api/agents/{SALES['id']}").raise_for_status()
    told = audit_of(boss, "boss")
    (created,) = [entry for entry in told if entry["action"] == "agent.create"]
    assert (created["target"], created["after"], created["address"]) == (SALES["id"], None, "127.0.0.1")
    assert SALES["prompt"] not in json.dumps(told)


def test_the_audit_log_is_filtered_by_person(boss: httpx.Client) -> None:
    made = make_key(boss, "eve", "chat")
    (entry,) = boss.get("/api/audit", params={"person": "eve"}).json()["entries"]
    assert (entry["target"], entry["person"]) == (made["id"], "eve")
    header, row, _ = boss.get("/api/audit", params={"person": "eve", "format": "csv"}).text.split("\r\n")
    assert row.split(",")[header.split(",").index("person")] == "eve"


@pytest.fixture
def much(desk: Server) -> None:
    """Ada has said more than the sockets hold, and it does not become less in an archive."""
    (thread,) = add_history(desk.data_dir, "ada", 1)
    with closing(sqlite3.connect(desk.data_dir / "desk.db")) as db, db:
        (run,) = db.execute("SELECT id FROM runs WHERE thread_id = ?", (thread,)).fetchone()
        db.execute(
            """WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
               INSERT INTO messages (id, thread_id, run_id, role, content, created_at, place)
               SELECT hex(randomblob(16)), ?, ?, 'user', hex(randomblob(?)), 1.0,
                      n + (SELECT max(place) FROM messages) FROM numbers""",
            (_BLOBS, thread, run, _BLOB_BYTES),
        )


def slow_reader(desk: Server, key: str) -> httpx.Client:
    transport = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)])
    return httpx.Client(base_url=desk.url, transport=transport, headers={"x-api-key": key}, timeout=60)


def streams_open(boss: httpx.Client) -> bool:
    return "frontdesk_streams 1" in boss.get("/metrics").text


@pytest.mark.usefixtures("much")
def test_of_a_person_one_copy_is_made_at_a_time_and_it_ends_with_its_key(desk: Server, boss: httpx.Client) -> None:
    made = make_key(boss, "ada", "chat", "documents")
    with slow_reader(desk, made["key"]) as client:
        with client.stream("GET", "/api/people/ada/export") as reply:
            pieces = reply.iter_bytes()
            received = next(pieces)
            assert streams_open(boss)
            second = boss.get("/api/people/ada/export")
            assert refusal(second) == (429, "export_under_way")
            assert int(second.headers["retry-after"]) > 0
            boss.get("/api/people/billing/export").raise_for_status()
            boss.delete(f"/api/keys/{made['id']}").raise_for_status()
            received += b"".join(pieces)
        with pytest.raises(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(received)):
            pass
    until(lambda: not streams_open(boss))
    with boss.stream("GET", "/api/people/ada/export") as again:
        assert again.status_code == 200
