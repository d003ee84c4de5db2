"""What people do leaves entries in the audit log: who, what, from where, before and after; operators read them."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.users import digest_of
from tests.backend.agents import SALES
from tests.backend.asking import as_user, key_of, keys, refusal
from tests.backend.auth.desk import entries, make_key, with_key
from tests.knowledge.storage.test_storage_full import no_room
from tests.serving import Server, serve

REFUNDS = "How are refunds paid? 2 tokens"
PERSON = "I want to talk to a human"


def put(client: httpx.Client, path: str, text: str) -> dict[str, Any]:
    file = {"file": (path, f"# Note\n\n{text}\n".encode())}
    return dict(client.post("/api/documents", data={"folder": "billing", "path": path}, files=file).json())


def last(operator: httpx.Client, **filters: Any) -> dict[str, Any]:
    return entries(operator, **filters)[0]


def test_agents_made_changed_switched_and_deleted(olga: httpx.Client) -> None:
    agent = SALES | {"id": "audited"}
    olga.post("/api/agents", json=agent).raise_for_status()
    olga.put("/api/agents/audited", json=agent | {"prompt": "Another prompt."}).raise_for_status()
    olga.put("/api/agents/audited", json=agent | {"prompt": "Another prompt.", "enabled": False}).raise_for_status()
    olga.put("/api/agents/audited", json=agent | {"prompt": "Another prompt."}).raise_for_status()
    olga.delete("/api/agents/audited").raise_for_status()
    told = entries(olga, target="audited")
    actions = ["agent.delete", "agent.enable", "agent.disable", "agent.change", "agent.create"]
    assert [one["action"] for one in told] == actions
    assert {(one["actor"], one["address"], one["key_id"]) for one in told} == {
        ("olga", "127.0.0.1", digest_of(key_of("olga"))[:16])
    }
    assert (told[3]["before"], told[3]["after"]) == ({"prompt": SALES["prompt"]}, {"prompt": "Another prompt."})
    assert (told[2]["before"], told[2]["after"]) == ({"enabled": True}, {"enabled": False})
    assert told[0]["before"]["prompt"] == "Another prompt."


def test_a_change_that_is_refused_leaves_no_entry(olga: httpx.Client, ada: httpx.Client) -> None:
    before = last(olga)
    assert ada.delete("/api/agents/billing").status_code == 403
    assert olga.delete("/api/agents/nobody").status_code == 404
    assert last(olga) == before


def test_keys_made_and_revoked(olga: httpx.Client) -> None:
    made = make_key(olga, "eve", "chat", label="laptop")
    olga.delete(f"/api/keys/{made['id']}").raise_for_status()
    olga.delete(f"/api/keys/{made['id']}").raise_for_status()
    revoked, created = entries(olga, target=made["id"])
    assert (revoked["action"], created["action"]) == ("key.revoke", "key.make")
    assert created["after"] == {"user": "eve", "scopes": ["chat"], "label": "laptop", "expires_at": None}
    assert made["key"] not in olga.get("/api/audit?limit=200").text


def test_documents_of_operators_and_of_users(
    olga: httpx.Client, ada: httpx.Client, archive: Callable[[str], bytes]
) -> None:
    shared, own = put(olga, "shared.md", "One."), put(ada, "own.md", "One.")
    again = put(ada, "own.md", "Two.")
    ada.delete(f"/api/documents/{own['id']}").raise_for_status()
    olga.delete(f"/api/documents/{shared['id']}").raise_for_status()
    removed, replaced, added = entries(olga, target=own["id"])
    assert [one["action"] for one in (removed, replaced, added)] == [
        "document.remove",
        "document.replace",
        "document.add",
    ]
    assert {one["actor"] for one in (removed, replaced, added)} == {"ada"}
    assert replaced["before"] == {"version": 1}
    assert replaced["after"] == {
        "folder": "billing",
        "version": 2,
        "content_hash": again["content_hash"],
        "owner": "ada",
    }
    assert removed["before"]["content_hash"] == again["content_hash"]
    of_all = last(olga, target=shared["id"])["before"]
    assert (of_all["owner"], of_all["source"], of_all["path"]) == (None, "upload", "shared.md")
    form = {"folder": "billing", "path": "own.zip"}
    brought = ada.post("/api/documents/archives", data=form, files={"file": archive("A.")}).json()["run_id"]
    begun = olga.post("/api/documents/reindex", json={"folder": "billing"}).json()["run_id"]
    archived = last(olga, target=brought)
    assert (archived["action"], archived["after"]["owner"]) == ("document.archive", "ada")
    assert "own." not in json.dumps([removed, replaced, added, archived]), "what its owner removes is not named here"
    assert last(olga, target=begun)["after"] == {"folder": "billing"}
    for client, run_id in ((ada, brought), (olga, begun)):
        client.get(f"/runs/{run_id}/stream")


def test_conversations_put_away_restored_exported_and_destroyed(olga: httpx.Client, ada: httpx.Client) -> None:
    thread = ada.post("/chat", json={"message": REFUNDS}).json()["thread_id"]
    path = f"/api/threads/{thread}"
    ada.delete(path).raise_for_status()
    ada.post(f"{path}/restore").raise_for_status()
    ada.get(f"{path}/export?format=json").raise_for_status()
    ada.delete(f"{path}?hard_delete=true").raise_for_status()
    told = entries(olga, target=thread)
    done = ["destroy", "export", "restore", "delete"]
    assert [one["action"] for one in told] == [f"conversation.{what}" for what in done]
    assert REFUNDS not in json.dumps(told), "what is destroyed is not kept here"


def test_transcripts_that_operators_read_and_hand_overs_they_resolve(olga: httpx.Client, ada: httpx.Client) -> None:
    ada.post("/chat", json={"message": PERSON}).raise_for_status()
    (waiting,) = ada.get("/api/handovers").json()["handovers"]
    handover = f"/api/handovers/{waiting['id']}"
    ada.get(handover).raise_for_status()
    assert entries(olga, target=waiting["id"]) == [], "one's own is one's own"
    olga.get(handover).raise_for_status()
    for _ in range(2):
        olga.post(f"{handover}/resolve", json={"note": "Called."}).raise_for_status()
    resolved, read = entries(olga, target=waiting["id"])
    assert (read["action"], resolved["action"]) == ("transcript.read", "handover.resolve")
    assert read["after"] == {"user": "ada", "conversation": waiting["thread_id"]}


def test_refused_keys(desk: Server, olga: httpx.Client) -> None:
    guess = "fd-not-a-key-of-this-desk"
    with with_key(desk, guess) as stranger, desk.client() as nobody:
        for _ in range(3):
            assert stranger.get("/api/threads").status_code == 401
        stranger.get("/health")
        nobody.get("/api/threads")
    told = last(olga, action="key.refused")
    assert (told["actor"], told["address"], told["target"]) == ("(unknown)", "127.0.0.1", digest_of(guess)[:8])
    assert told["after"] == {"times": 4, "reason": "unknown"}
    assert guess not in olga.get("/api/audit?limit=200").text


def test_only_operators_read_it(ada: httpx.Client) -> None:
    assert refusal(ada.get("/api/audit")) == (403, "not_allowed")


def test_filters_and_pages(olga: httpx.Client) -> None:
    made = [make_key(olga, "pages", "chat")["id"] for _ in range(3)]
    assert {one["action"] for one in entries(olga, action="key", limit=200)} >= {"key.make"}
    assert all(one["action"].startswith("key.") for one in entries(olga, action="key", limit=200))
    assert entries(olga, action="ke") == []
    assert entries(olga, actor="nobody") == []
    (newest,) = entries(olga, target=made[2])
    (middle,) = entries(olga, target=made[1])
    assert {one["target"] for one in entries(olga, action="key.make", **{"from": middle["at"]})} >= {made[1], made[2]}
    before = entries(olga, action="key.make", to=middle["at"], limit=200)
    assert made[1] not in {one["target"] for one in before}
    first = olga.get("/api/audit", params={"action": "key.make", "limit": 1}).json()
    assert [one["target"] for one in first["entries"]] == [made[2]]
    second = entries(olga, action="key.make", limit=1, before=first["before_place"])
    assert [one["target"] for one in second] == [made[1]]
    assert olga.get("/api/audit", params={"before": 2}).json()["before_place"] is None
    assert olga.get("/api/audit/check").json() == {"whole": True, "broken_at": None}
    assert newest["place"] > middle["place"]


@pytest.mark.parametrize("formula", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1"])
def test_a_spreadsheet_runs_nothing_of_it(olga: httpx.Client, formula: str) -> None:
    olga.get("/api/audit", params={"format": "csv", "target": formula}).raise_for_status()
    exported = olga.get("/api/audit", params={"format": "csv", "action": "audit.export"})
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    table = list(csv.DictReader(io.StringIO(exported.text)))
    assert table[0]["action"] == "audit.export"
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in table for cell in row.values())
    assert json.loads(table[1]["after"])["target"] == formula


def test_a_name_that_is_a_formula_is_made_text(desk: Server, olga: httpx.Client) -> None:
    with with_key(desk, make_key(olga, "@SUM", "documents")["key"]) as client:
        added = put(client, "sum.md", "One.")
        client.delete(f"/api/documents/{added['id']}").raise_for_status()
    exported = olga.get("/api/audit", params={"format": "csv", "actor": "@SUM"})
    assert [row["actor"] for row in csv.DictReader(io.StringIO(exported.text))] == ["'@SUM", "'@SUM"]


def test_settings_that_differ_from_the_last_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    port: dict[str, Any] = {}

    def start(**settings: str) -> list[dict[str, Any]]:
        with serve(data, "tests.scripted", **settings, **port) as desk:
            port["PORT"] = desk.port
            with as_user(desk, "olga") as olga:
                return entries(olga, action="settings")

    secret = "hunter22-service"
    (first,) = start(API_KEYS=keys("olga"))
    assert (first["before"], first["actor"]) == (None, "(desk)")
    assert first["after"]["MAX_RUNS"] == 256
    assert len(start(API_KEYS=keys("olga"))) == 1, "nothing differs"
    second = start(API_KEYS=keys("olga", "ada"), OPERATORS="olga", MAX_RUNS="5", AI_SERVICE_API_KEY=secret)[0]
    assert (second["before"]["MAX_RUNS"], second["after"]["MAX_RUNS"]) == (256, 5)
    assert second["after"]["changed"] == ["AI_SERVICE_API_KEY", "API_KEYS"]
    ids = {name: f"{name} ({digest_of(key_of(name))[:16]})" for name in ("ada", "olga")}
    assert (second["before"]["USERS"], second["after"]["USERS"]) == ([ids["olga"]], [ids["ada"], ids["olga"]])
    with sqlite3.connect(data / "desk.db") as db:
        dump = "\n".join(db.iterdump())
    for hidden in (secret, key_of("olga"), digest_of(key_of("olga"))):
        assert hidden not in dump


def test_the_log_is_read_while_the_disk_is_full(desk: Server, olga: httpx.Client) -> None:
    guess = "fd-another-key-of-no-desk"
    olga.get("/api/audit").raise_for_status()
    with with_key(desk, guess) as stranger, no_room(desk.process.pid):
        assert stranger.get("/api/threads").status_code == 401
        assert entries(olga)
    assert last(olga, action="key.refused")["target"] == digest_of(guess)[:8]
