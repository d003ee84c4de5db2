"""A data directory of an earlier version, killed in the middle of an answer, opens, goes on and loses nothing.

`earlier_data.tar.xz` holds the directory, and in `told.json` what that version's API told of it.
"""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backend.asking import Provided, as_user, follow, keys, provided
from tests.providers.script import Script

ARCHIVE = Path(__file__).parent / "earlier_data.tar.xz"


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("earlier")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(base, filter="data")
    return base / "data"


@pytest.fixture(scope="module")
def told(earlier: Path) -> dict[str, Any]:
    return dict(json.loads((earlier / "told.json").read_text()))


@pytest.fixture(scope="module")
def running(earlier: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    settings: dict[str, Any] = {"API_KEYS": keys("ann", "ben", "olga"), "OPERATORS": "olga"}

    def answer(_: object) -> Script:
        return Script(("A whole ", "answer."))

    with provided(earlier, tmp_path_factory.mktemp("running"), answer, **settings) as opened:
        yield opened


def lost(before: Any, now: Any, place: str = "") -> list[str]:
    """The places at which something that was told before is missing or differs; new fields are no loss."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [one for key in before for one in lost(before[key], now.get(key), f"{place}.{key}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [one for at, pair in enumerate(zip(before, now, strict=True)) for one in lost(*pair, f"{place}[{at}]")]
    return [] if before == now else [f"{place}: {before!r} is now {now!r}"]


def test_conversations_their_events_and_their_ratings_are_as_they_were(running: Provided, told: dict[str, Any]) -> None:
    with as_user(running.desk, "ann") as ann:
        follow(ann, told["run"])
        history = ann.get(f"/api/threads/{told['thread']}").json()
        assert lost(told["history"], history) == []
        (first, *_) = [turn["run_id"] for turn in told["history"]["history"]]
        assert lost(told["events"], follow(ann, first)) == []
        threads = {thread["id"]: thread["title"] for thread in ann.get("/api/threads").json()["threads"]}
        assert threads == {thread["id"]: thread["title"] for thread in told["threads"]["threads"]}


def test_the_run_that_was_under_way_ends_with_a_whole_answer(running: Provided, told: dict[str, Any]) -> None:
    with as_user(running.desk, "ann") as ann:
        events = follow(ann, told["run"])
        assert events[-1]["type"] == "done"
        assert ann.get(f"/runs/{told['run']}").json()["answer"] == "A whole answer."


def test_documents_agents_and_handovers_are_there(running: Provided, told: dict[str, Any]) -> None:
    with as_user(running.desk, "olga") as olga, as_user(running.desk, "ben") as ben:
        assert lost(told["documents"], olga.get("/api/documents").json()) == []
        assert lost(told["bens"], ben.get("/api/documents").json()) == []
        assert lost(told["handovers"], olga.get("/api/handovers").json()) == []
        assert [agent["id"] for agent in olga.get("/api/agents").json()["agents"]] == told["agents"]


def test_conversations_go_on_and_documents_are_found(running: Provided, told: dict[str, Any]) -> None:
    with as_user(running.desk, "ann") as ann, as_user(running.desk, "ben") as ben:
        asked = {"message": "Is a quote for 500 seats valid for 30 days?", "thread_id": told["thread"]}
        answer = ann.post("/chat", json=asked).raise_for_status().json()
        assert "quotes.md" in json.dumps(answer["sources"])
        assert len(ann.get(f"/api/threads/{told['thread']}").json()["history"]) == 6
        model = {"session_id": "model", "message": "And now?"}
        ben.post("/api/llm/chat/session", json=model).raise_for_status()
        sent = running.answers[-1].body
        assert sent is not None
        assert "Hello" in json.dumps(sent["messages"])
