"""A question that was asked before is answered again, while nothing that its answer depends on has changed."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.backend.agents import listing
from tests.backend.asking import Provided, as_user, begin, follow, keys, provided, restarted
from tests.backend.privacy.traces import copy_of, upload
from tests.providers.answers import RecordedRequest
from tests.providers.script import Script
from tests.sse import text_of

NAMES = ("ann", "ben", "olga")


def writes_and_counts(request: RecordedRequest) -> Script:
    asked = str(request.body["messages"][-1]["content"]) if request.body else ""
    return Script(("To ", f"{asked!r}: ", "in 5 days [1]."))


@pytest.fixture(scope="module")
def running(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    """A desk of three users, of whom Olga is the operator, whose billing agent has a cache."""
    settings = {"API_KEYS": keys(*NAMES), "OPERATORS": "olga"}
    with provided(indexed, tmp_path_factory.mktemp("cache"), writes_and_counts, **settings) as opened:
        with as_user(opened.desk, "olga") as olga:
            change(olga, cache="similar")
        yield opened


@pytest.fixture
def ann(running: Provided) -> Iterator[httpx.Client]:
    with as_user(running.desk, "ann") as client:
        yield client


@pytest.fixture
def ben(running: Provided) -> Iterator[httpx.Client]:
    with as_user(running.desk, "ben") as client:
        yield client


@pytest.fixture
def olga(running: Provided) -> Iterator[httpx.Client]:
    with as_user(running.desk, "olga") as client:
        yield client


def change(client: httpx.Client, **fields: object) -> None:
    agent = {name: value for name, value in listing(client)["billing"].items() if name != "origin"}
    client.put("/api/agents/billing", json=agent | fields).raise_for_status()


def ask(client: httpx.Client, question: str, **body: Any) -> list[dict[str, Any]]:
    """All events of an answer of the billing agent's."""
    return follow(client, begin(client, question, path="/api/agents/billing/chat", stream=True, **body))


def is_cached(client: httpx.Client, question: str, **body: Any) -> bool:
    return bool(ask(client, question, **body)[-1]["cached"])


def of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def rows(running: Provided, where: str) -> list[Any]:
    with closing(sqlite3.connect(running.desk.data_dir / "desk.db")) as db:
        return db.execute(f"SELECT question, owner FROM cached_answers WHERE {where} ORDER BY id").fetchall()


def metric(client: httpx.Client, name: str) -> float:
    page = client.get("/metrics").raise_for_status().text
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == name)


def test_another_user_gets_the_same_answer_without_a_model(
    running: Provided, ann: httpx.Client, ben: httpx.Client, olga: httpx.Client
) -> None:
    first = ask(ann, "How are duplicate charges refunded?")
    asked, counted = len(running.answers), metric(olga, "frontdesk_cached_answers_total")
    again = ask(ben, "how are duplicate  charges refunded")
    assert len(running.answers) == asked
    assert text_of(again) == text_of(first) != ""
    assert [event["sources"] for event in of(again, "sources")] == [event["sources"] for event in of(first, "sources")]
    assert len(of(again, "token")) > 1
    done = again[-1]
    assert (done["type"], done["cached"], done["finish_reason"], done["reduced"]) == ("done", True, "stop", False)
    assert (done["usage"]["total"], done["cost_usd"], done["support"]) == (0, 0, first[-1]["support"])
    assert first[-1]["cached"] is False
    (step,) = [event for event in of(again, "trace_end") if "cached" in event.get("output", "")]
    assert (step["status"], step["usage"]["total"], step["model"]) == ("completed", 0, "openai:gpt-4o-mini")
    assert metric(olga, "frontdesk_cached_answers_total") == counted + 1
    totals = ben.get("/api/activity").json()["totals"]
    assert (totals["runs"], totals["cached"], totals["tokens"]) == (1, 1, 0)
    whole = ben.post("/api/agents/billing/chat", json={"message": "How are duplicate charges refunded?"}).json()
    assert (whole["cached"], whole["answer"]) == (True, text_of(first))


def test_a_similar_question_is_answered_alike_where_that_is_wanted(
    running: Provided, ann: httpx.Client, olga: httpx.Client
) -> None:
    ask(ann, "How do I report a duplicate charge?")
    assert is_cached(ann, "How can we report duplicate charges, please?")
    assert not is_cached(ann, "How do I report a duplicate discharge?")
    change(olga, cache="exact")
    assert not is_cached(ann, "Could you tell me how to report a duplicate charge?")
    assert is_cached(ann, "How do I report a duplicate charge?")
    change(olga, cache="off")
    assert not is_cached(ann, "How do I report a duplicate charge?")
    change(olga, cache="similar")
    assert is_cached(ann, "How do I report a duplicate charge?")


def test_quotations_come_again_as_quotations(ann: httpx.Client, ben: httpx.Client, olga: httpx.Client) -> None:
    question = "How do I get a refund?"
    before = listing(olga)["billing"]["model"]
    change(olga, model="embedded")
    try:
        first, again = ask(ann, question), ask(ben, question)
        whole = ben.post("/api/agents/billing/chat", json={"message": question}).json()
    finally:
        change(olga, model=before)
    kept = ("quoted", "reduced", "finish_reason", "support", "see_also", "highlights")
    assert {name: again[-1][name] for name in kept} == {name: first[-1][name] for name in kept}
    assert (first[-1]["cached"], again[-1]["cached"], again[-1]["quoted"]) == (False, True, True)
    assert again[-1]["see_also"]
    assert again[-1]["highlights"]
    assert (whole["cached"], whole["quoted"], whole["highlights"]) == (True, True, again[-1]["highlights"])
    answer = ben.get(f"/api/threads/{whole['thread_id']}").json()["history"][1]
    assert (answer["quoted"], answer["see_also"]) == (True, whole["see_also"])


def test_every_change_of_the_documents_counts(ann: httpx.Client, olga: httpx.Client) -> None:
    question = "What does the Starter plan cost?"
    assert [is_cached(ann, question) for _ in range(2)] == [False, True]
    added = upload(olga, "starter.md", "# Starter\n\nThe Starter plan costs 9 USD.").raise_for_status().json()
    assert [is_cached(ann, question) for _ in range(2)] == [False, True]
    upload(olga, "starter.md", "# Starter\n\nThe Starter plan costs 10 USD.").raise_for_status()
    assert [is_cached(ann, question) for _ in range(2)] == [False, True]
    olga.delete(f"/api/documents/{added['id']}").raise_for_status()
    assert [is_cached(ann, question) for _ in range(2)] == [False, True]
    other = {"folder": "technical", "path": "other.md"}
    olga.post("/api/documents", data=other, files={"file": b"# Other\n\nOf another folder."}).raise_for_status()
    assert is_cached(ann, question)


def test_who_has_documents_of_their_own_is_answered_apart(
    running: Provided, ann: httpx.Client, ben: httpx.Client
) -> None:
    question, second = "What does the Team plan cost?", "How much storage does Team have?"
    ask(ann, question)
    own = upload(ben, "falcon.md", "# Team\n\nThe Team plan of Ben costs 7 falcons.").raise_for_status().json()
    assert [is_cached(ben, question) for _ in range(2)] == [False, True]
    assert [is_cached(ben, second) for _ in range(2)] == [False, True]
    assert is_cached(ann, question)
    assert not is_cached(ann, second)
    assert {owner for _, owner in rows(running, "user_id = 'ben'")} == {"ben"}
    ben.delete(f"/api/documents/{own['id']}").raise_for_status()
    assert is_cached(ben, second)
    assert ben.delete("/api/people/ben/documents").is_success
    assert rows(running, "user_id = 'ben'") == []


@pytest.mark.parametrize(
    ("fields", "cached"),
    [
        ({"prompt": "You are the billing specialist. Be brief."}, False),
        ({"strategy": "rag"}, False),
        ({"model": "openai:gpt-4o"}, False),
        ({"name": "Money", "description": "Answers about money."}, True),
    ],
)
def test_an_agent_that_answers_differently_has_no_earlier_answers(
    ann: httpx.Client, olga: httpx.Client, fields: dict[str, str], cached: bool
) -> None:
    question = f"Is an annual plan refunded in full after {len(str(fields))} days?"
    before = {name: value for name, value in listing(olga)["billing"].items() if name in fields}
    assert [is_cached(ann, question) for _ in range(2)] == [False, True]
    change(olga, **fields)
    try:
        assert is_cached(ann, question) is cached
    finally:
        change(olga, **before)


def test_a_question_in_a_conversation_is_answered_from_the_conversation(ann: httpx.Client) -> None:
    question = "When is an annual plan refunded?"
    ask(ann, question)
    ask(ann, "What is a duplicate charge?", session_id="talk")
    assert not is_cached(ann, question, session_id="talk")


def test_who_asks_again_gets_another_answer(running: Provided, ann: httpx.Client) -> None:
    question = "Who removes seats by fault?"
    first = ask(ann, question, session_id="again")
    assert not is_cached(ann, question, session_id="again", replaces=first[0]["run_id"])
    assert is_cached(ann, question)


def test_a_question_that_tells_of_a_person_is_not_kept(running: Provided, ann: httpx.Client) -> None:
    question = "Was the charge of ann@acme.example refunded?"
    assert [is_cached(ann, question) for _ in range(2)] == [False, False]
    assert rows(running, "question LIKE '%acme%'") == []


def test_many_at_once_are_each_answered_and_one_answer_is_kept(running: Provided, ann: httpx.Client) -> None:
    question = "How many working days does a refund take?"
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask(ann, question), range(8)))
    assert len({text_of(events) for events in answers}) == 1
    assert rows(running, f"question = '{question}'") == [(question, "")]
    assert is_cached(ann, question)


def test_an_answer_goes_with_the_conversation_it_was_given_in(ann: httpx.Client, ben: httpx.Client) -> None:
    question = "Which invoice numbers do I note?"
    first = ask(ann, question)
    copy = copy_of(ann, "ann")
    assert question.encode() in copy["cached-answers.json"]
    assert question.encode() not in copy_of(ben, "ben")["cached-answers.json"]
    assert is_cached(ben, question)
    ann.delete(f"/api/threads/{first[0]['thread_id']}", params={"hard_delete": True}).raise_for_status()
    assert not is_cached(ben, question)


def test_answers_survive_a_restart(running: Provided, ann: httpx.Client) -> None:
    question = "Is a refund sent to the same card?"
    first = ask(ann, question)
    running.desk.interrupt()
    with restarted(running, API_KEYS=keys(*NAMES), OPERATORS="olga") as desk, as_user(desk, "ben") as ben:
        again = ask(ben, question)
    assert again[-1]["cached"] is True
    assert text_of(again) == text_of(first)
