"""Other sections that may answer, marks, and answers that are only the nearest: wherever the answer is told."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from frontdesk import Desk
from frontdesk.contracts.events import Done
from tests.backend.asking import follow
from tests.nearest import ROW, STEP
from tests.serving import Server, serve

BALLOONS = "How are duplicate charges of balloons refunded?"
CHARGED = "How are duplicate charges refunded?"


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("nearest") / "data"))
    with serve(data, "tests.nearest") as running:
        yield running


@pytest.fixture
def client(desk: Server) -> Iterator[httpx.Client]:
    with desk.client() as opened:
        yield opened


def ask(client: httpx.Client, message: str = BALLOONS) -> dict[str, Any]:
    return dict(client.post("/chat", json={"message": message}).raise_for_status().json())


def test_every_door_tells_the_same(client: httpx.Client) -> None:
    answered = ask(client)
    ids = [section["id"] for section in answered["see_also"]]
    by_id = {source["id"]: source for source in answered["sources"]}
    assert ids
    fields = ("id", "title", "section", "uri", "document_id")
    assert answered["see_also"] == [{name: by_id[number][name] for name in fields} for number in ids]
    marks = [answered["answer"][mark["start"] : mark["end"]] for mark in answered["highlights"]]
    assert marks == [STEP, ROW]
    assert (answered["finish_reason"], answered["quoted"]) == ("hedged", True)
    done = Done.model_validate(follow(client, answered["run_id"])[-1])
    assert (done.see_also, [mark.model_dump() for mark in done.highlights]) == (ids, answered["highlights"])
    thread = f"/api/threads/{answered['thread_id']}"
    history = client.get(thread).json()["history"]
    exported = client.get(f"{thread}/export?format=json").json()["messages"]
    for told in (client.get(f"/runs/{answered['run_id']}").json(), history[1], exported[1]):
        assert (told["see_also"], told["highlights"]) == (answered["see_also"], answered["highlights"])
    assert (history[0]["see_also"], history[0]["highlights"], history[1]["quoted"]) == ([], [], True)


def test_an_exported_conversation_names_the_other_sections(client: httpx.Client) -> None:
    answered = ask(client)
    markdown = client.get(f"/api/threads/{answered['thread_id']}/export").text
    places = [" > ".join(filter(None, (one["title"], one["section"]))) for one in answered["see_also"]]
    # As Markdown, which the titles are not.
    lines = "".join(f"- {place.replace('>', chr(92) + '>')}\n" for place in places)
    assert markdown.endswith(f"\nSee also:\n\n{lines}")
    with zipfile.ZipFile(io.BytesIO(client.get("/api/people/local/export").content)) as archive:
        assert lines in archive.read(f"conversations/{answered['thread_id']}.md").decode()
        stored = json.loads(archive.read(f"conversations/{answered['thread_id']}.json"))
    kept = stored["messages"][1]["data"]
    assert kept["see_also"] == [section["id"] for section in answered["see_also"]]
    assert kept["highlights"] == answered["highlights"]


def test_the_client_knows_it(desk: Server) -> None:
    with Desk(desk.url) as opened:
        answer = opened.ask(BALLOONS)
        assert answer.see_also
        assert opened.run(answer.run_id).see_also == answer.see_also
        message = opened.thread(answer.thread_id).history[1]
    assert (message.see_also, message.highlights, message.quoted) == (answer.see_also, answer.highlights, True)


def test_the_gateway_tells_it_with_a_whole_text_alone(client: httpx.Client) -> None:
    task = {"agent_type": "billing", "task": BALLOONS}
    generated = client.post("/agent/generate", json=task).raise_for_status().json()
    assert (generated["finish_reason"], len(generated["highlights"])) == ("hedged", 2)
    assert generated["see_also"][0]["title"]


def value(client: httpx.Client, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = (sample for family in families for sample in family.samples if sample.name == name)
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_the_nearest_is_no_answer_to_those_who_count(client: httpx.Client) -> None:
    def figures() -> dict[str, float]:
        totals = client.get("/api/activity").json()["totals"]
        counted = value(client, "frontdesk_unanswered_total", agent="supervisor", finish="hedged")
        return {name: totals[name] for name in ("completed", "declined", "hedged")} | {"metric": counted}

    before = figures()
    question = "May I tie balloons to an invoice?"
    answered = [ask(client, question), ask(client, question), ask(client, CHARGED)]
    after = figures()
    assert {name: after[name] - before[name] for name in before} == {
        "completed": 1,
        "declined": 0,
        "hedged": 2,
        "metric": 2,
    }
    rows = client.get("/api/unanswered").json()["questions"]
    (row,) = [row for row in rows if row["question"] == question]
    assert (row["times"], row["hedged"]) == (2, 2)
    offers = client.get("/api/handovers").json()["handovers"]
    causes = {offer["run_id"]: offer["cause"] for offer in offers}
    assert [causes.get(one["run_id"]) for one in answered] == ["unanswered", "unanswered", None]
