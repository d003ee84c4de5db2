"""Keys that are made and revoked while the desk serves."""

import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from backend.auth import key_registry
from backend.auth.audit import Actor
from backend.auth.errors import KeysUnused, TooManyKeys
from backend.auth.key_registry import KeyRegistry, KeyRequest
from backend.errors import KeyRefused
from backend.settings import Settings
from backend.storage.sql import migrations
from backend.storage.stores import Stores, sql_stores
from backend.users import LOCAL, Users, digest_of
from knowledge.storage.sqlite import SqliteDatabase
from tests import commands
from tests.backend.asking import as_user, begin, follow, key_of, keys, refusal
from tests.backend.auth.desk import entries, make_key, until, with_key
from tests.backend.limits.test_clocks import Machine
from tests.serving import ROOT, Server, environment, free_port, serve

OLGA = Actor("olga", "127.0.0.1")
HELD = "How are refunds paid? 3 tokens, then hang"
KEYED = Settings.model_construct(api_keys=SecretStr(keys("olga")))


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    database = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield sql_stores(database)
    await database.close()


@pytest.fixture
async def registry(stores: Stores) -> AsyncIterator[tuple[KeyRegistry, Users]]:
    users = Users(KEYED)
    opened = await KeyRegistry.open(stores.keys, users)
    yield opened, users
    await opened.close()


def socket(desk: Server, key: str) -> ClientConnection:
    url = f"{desk.url.replace('http', 'ws', 1)}/ws/ai/stream"
    return connect(url, additional_headers={"X-API-Key": key}, proxy=None)


def test_a_key_is_told_once_and_let_in_at_once(desk: Server, olga: httpx.Client) -> None:
    made = make_key(olga, "eve", "chat", label="laptop", expires_in=3_600)
    assert made["key"].startswith("fd-")
    assert (made["user"], made["scopes"], made["label"], made["created_by"]) == ("eve", ["chat"], "laptop", "olga")
    assert 3_000 < made["expires_at"] - time.time() <= 3_600
    with with_key(desk, made["key"]) as eve:
        assert eve.get("/info").json()["user"] == {"id": "eve", "operator": False, "scopes": ["chat"]}
    listed = olga.get("/api/keys", params={"limit": 200})
    assert made["key"] not in listed.text
    assert digest_of(made["key"]) not in listed.text
    (mine,) = [key for key in listed.json()["keys"] if key["id"] == made["id"]]
    assert mine["state"] == "active"
    assert mine["last_used_at"] >= mine["created_at"]
    assert {key["user"] for key in listed.json()["keys"] if key["origin"] == "settings"} == {"ada", "olga"}


def test_a_revoked_key_is_refused_at_once(desk: Server, olga: httpx.Client) -> None:
    made = make_key(olga, "eve", "chat")
    with with_key(desk, made["key"]) as eve:
        assert eve.get("/api/threads").status_code == 200
        revoked = olga.delete(f"/api/keys/{made['id']}").json()
        assert (revoked["state"], revoked["revoked_by"]) == ("revoked", "olga")
        refused = eve.get("/api/threads")
    assert refusal(refused) == (401, "key_refused")
    assert "was revoked" in refused.json()["error"]["message"]
    assert olga.delete(f"/api/keys/{made['id']}").json() == revoked


def test_a_revoked_keys_socket_is_closed(desk: Server, olga: httpx.Client) -> None:
    made = make_key(olga, "eve", "chat")
    with socket(desk, made["key"]) as opened:
        opened.send('{"type": "ping"}')
        assert orjson.loads(opened.recv()) == {"type": "pong"}
        olga.delete(f"/api/keys/{made['id']}").raise_for_status()
        opened.send('{"type": "ping"}')
        with pytest.raises(ConnectionClosed) as closed:
            opened.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, "revoked" in closed.value.rcvd.reason) == (1008, True)


def test_a_revoked_keys_socket_is_closed_although_it_only_listens(desk: Server, olga: httpx.Client) -> None:
    made = make_key(olga, "mallory", "chat")
    with socket(desk, made["key"]) as opened:
        opened.send(orjson.dumps({"task": HELD}).decode())
        while "token" not in orjson.loads(opened.recv()):
            pass
        olga.delete(f"/api/keys/{made['id']}").raise_for_status()
        # Heartbeats are not told here, so that this ends when the socket does.
        told: list[str | bytes] = []
        with pytest.raises(ConnectionClosed, match="This key was revoked"):
            told.extend(opened)
        assert opened.close_code == 1008
        assert not any("final" in str(message) for message in told)


def test_a_revoked_keys_stream_ends_and_its_run_goes_on(desk: Server, olga: httpx.Client) -> None:
    made, other = make_key(olga, "trent", "chat"), make_key(olga, "trent", "chat")
    with with_key(desk, made["key"]) as client, with_key(desk, other["key"]) as same_user:
        run_id = begin(client, HELD, words=3)
        with client.stream("GET", f"/runs/{run_id}/stream") as stream:
            lines = stream.iter_lines()
            next(lines)
            olga.delete(f"/api/keys/{made['id']}").raise_for_status()
            # It ends although the run does not.
            assert not any('"type":"done"' in line for line in lines)
        assert refusal(client.get(f"/runs/{run_id}/stream")) == (401, "key_refused")
        assert same_user.get(f"/runs/{run_id}").json()["status"] == "in_progress"
        same_user.post(f"/runs/{run_id}/cancel").raise_for_status()
        assert follow(same_user, run_id)[-1]["type"] == "cancelled"


def test_an_expired_key_is_refused(desk: Server, olga: httpx.Client) -> None:
    made = make_key(olga, "eve", "chat", expires_in=1)
    with with_key(desk, made["key"]) as eve:
        until(lambda: eve.get("/api/threads").status_code == 401)
        assert "has expired" in eve.get("/api/threads").json()["error"]["message"]
    (mine,) = [key for key in olga.get("/api/keys?limit=200").json()["keys"] if key["id"] == made["id"]]
    assert mine["state"] == "expired"
    (told,) = entries(olga, action="key.refused", target=made["id"])[:1]
    assert (told["after"]["reason"], told["address"]) == ("expired", "127.0.0.1")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"user": "eve"},
        {"user": "eve", "scopes": []},
        {"user": "eve", "scopes": ["everything"]},
        {"user": "a b", "scopes": ["chat"]},
        {"user": "eve\n", "scopes": ["chat"]},
        {"user": "eve", "scopes": ["chat"], "expires_at": 1},
        {"user": "eve", "scopes": ["chat"], "expires_at": 1e15},
        {"user": "eve", "scopes": ["chat"], "expires_in": 0},
        {"user": "eve", "scopes": ["chat"], "expires_in": 60, "expires_at": 4e9},
        {"user": "eve", "scopes": ["chat"], "label": "two\nlines"},
        {"user": "eve", "scopes": ["chat"], "label": "\u202eabc"},
        {"user": "eve", "scopes": ["chat"], "label": "\u3164"},
    ],
)
def test_what_cannot_be_a_key_is_refused(olga: httpx.Client, fields: dict[str, Any]) -> None:
    before = olga.get("/api/keys").json()["total"]
    assert refusal(olga.post("/api/keys", json=fields)) == (422, "invalid_request")
    assert olga.get("/api/keys").json()["total"] == before


def test_a_key_of_the_settings_is_revoked_there(olga: httpx.Client) -> None:
    (own,) = [key for key in olga.get("/api/keys").json()["keys"] if key["user"] == "olga" and key["origin"] != "desk"]
    assert refusal(olga.delete(f"/api/keys/{own['id']}")) == (409, "key_in_settings")
    assert refusal(olga.delete("/api/keys/none")) == (404, "key_not_found")
    assert olga.get("/api/keys").status_code == 200


def test_keys_and_their_end_outlive_a_restart(indexed: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(data, "tests.scripted", API_KEYS=keys("olga")) as desk:
        with as_user(desk, "olga") as olga:
            good, revoked = (make_key(olga, "eve", "operator") for _ in range(2))
            with with_key(desk, good["key"]) as eve:
                assert eve.get("/api/keys").status_code == 200
            olga.delete(f"/api/keys/{revoked['id']}").raise_for_status()
        desk.interrupt()
    with serve(data, "tests.scripted", API_KEYS=keys("olga")) as desk:
        with with_key(desk, good["key"]) as eve:
            used = {key["id"]: key["last_used_at"] for key in eve.get("/api/keys").json()["keys"]}
            assert eve.get("/info").json()["user"]["operator"]
        with with_key(desk, revoked["key"]) as gone:
            assert refusal(gone.get("/api/keys")) == (401, "key_refused")
    assert used[good["id"]] is not None
    assert used[revoked["id"]] is None
    with sqlite3.connect(data / "desk.db") as db:
        assert good["key"] not in "\n".join(db.iterdump())


async def test_without_api_keys_no_key_can_be_made_or_lock_anybody_out(stores: Stores) -> None:
    keyed = Users(KEYED)
    registry = await KeyRegistry.open(stores.keys, keyed)
    key, _ = await registry.make(KeyRequest("eve", frozenset({"chat"})), OLGA)
    await registry.close()
    users = Users(Settings.model_construct(api_keys=SecretStr("")))
    registry = await KeyRegistry.open(stores.keys, users)
    with pytest.raises(KeysUnused, match="asks for no keys"):
        await registry.make(KeyRequest("eve", frozenset({"chat"})), OLGA)
    assert users.of_key(None) is users.of_key(key) is LOCAL
    await registry.close()


async def test_of_stored_keys_there_are_not_more_than_fit(
    stores: Stores, registry: tuple[KeyRegistry, Users], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_registry, "MOST_KEYS", 2)
    wanted = KeyRequest("eve", frozenset({"chat"}))
    (_, first), _ = [await registry[0].make(wanted, OLGA) for _ in range(2)]
    with pytest.raises(TooManyKeys):
        await registry[0].make(wanted, OLGA)
    await registry[0].revoke(first.id, OLGA)
    await registry[0].make(wanted, OLGA)


async def test_no_request_is_checked_in_the_database(stores: Stores, registry: tuple[KeyRegistry, Users]) -> None:
    key, made = await registry[0].make(KeyRequest("eve", frozenset({"chat"})), OLGA)
    users = registry[1]
    # Whoever is asked for each request does not wait for anything, so a database that is busy holds up nobody.
    user = users.of_headers({"authorization": f"Bearer {key}"})
    assert (user.id, user.operator, user.scopes) == ("eve", False, frozenset({"chat"}))
    assert users.of_key(key) is user
    assert await stores.keys.last_uses() == {}
    assert (await registry[0].last_uses())[made.id] > 0
    await registry[0].revoke(made.id, OLGA)
    with pytest.raises(KeyRefused):
        users.check(user)


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_command_explains_itself(tmp_path: Path, option: str) -> None:
    helped = commands.run("backend.users", option, env=environment(tmp_path, free_port()), cwd=ROOT)
    assert helped.returncode == 0
    assert "API_KEYS" in helped.stdout
    assert "the key, for" not in helped.stdout


def test_the_same_user_by_either_key(desk: Server, olga: httpx.Client, ada: httpx.Client) -> None:
    ada.post("/chat", json={"message": "How are refunds paid? 2 tokens", "session_id": "mine"}).raise_for_status()
    with with_key(desk, make_key(olga, "ada", "chat")["key"]) as also_ada:
        assert also_ada.get("/api/threads?session=mine").json()["total"] == 1
    assert key_of("ada") not in olga.get("/api/keys").text


async def test_a_clock_that_is_set_back_makes_no_expired_key_good_again(stores: Stores) -> None:
    machine = Machine()
    users = Users(KEYED, machine.clock)
    registry = await KeyRegistry.open(stores.keys, users)
    key, _ = await registry.make(KeyRequest("eve", frozenset({"chat"}), expires_at=machine.wall + 60), OLGA)
    assert users.of_key(key).id == "eve"
    machine.pass_time(120)
    for back in (0, 3_600):
        machine.wall -= back
        with pytest.raises(KeyRefused, match="expired"):
            users.of_key(key)
    await registry.close()
