"""A desk that masks personal data: no door and no step shows any to a cloud, and whoever asks sees what was said."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.agents.privacy.secrets import ALL, CARD, EMAIL, IBAN, OTHER_EMAIL, PHONE, shown
from tests.backend.agents import make
from tests.provided import GPT, NOVA, PATIENT, at_bedrock, at_openai, attempts, no_profile
from tests.providers.bedrock import BedrockServer
from tests.providers.loopback import RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Called, Fault, Script
from tests.serving import Server, serve
from tests.sse import check_whole, frames, text_of

TRIALS = f"""# Trials

A trial of the sales plan is asked for at {OTHER_EMAIL} and lasts 17 days.
Whoever pays for a trial in advance transfers the price to {IBAN}.
"""
QUESTION = f"I am {EMAIL}, {PHONE}. Where is a trial of the sales plan asked for?"
# What the model says, whose sources come before the question: `EMAIL_1` is that of the document.
SAID = ("A trial of the sales plan is asked for at [EMA", "IL_", "1", "] and lasts 17 days [1]. You are EMAIL_2", ".")
MEANT = f"A trial of the sales plan is asked for at {OTHER_EMAIL} and lasts 17 days [1]. You are {EMAIL}."
CALLS = Script(
    ("I look. ",),
    calls=(
        Called("search_documents", '{"query": "transfer to [BANK_1]"}'),
        Called("hand_over", '{"reason": "[EMAIL_2] wants a person"}'),
    ),
)
SEEN = re.compile(r"\[(?:EMAIL|PHONE|CARD|BANK)_\d")


def routing(request: RecordedRequest) -> Script:
    """Sends everything to sales, and says for whom."""
    task = {"agent": "sales", "question": "a trial"}
    return Script(
        tool_input={"tasks": [task], "reason": "[EMAIL_1] asks", "confidence": 0.9, "needs_human": False},
    )


def writing(request: RecordedRequest) -> Script:
    """Uses the tools, then answers."""
    called = request.body["messages"][-1]["role"] == "tool"
    return Script(SAID) if called or not request.body.get("tools") else CALLS


@dataclass
class Masked:
    """A desk, the two clouds that it asks, and whoever uses it."""

    server: Server
    router: BedrockServer
    writer: OpenAIServer
    client: httpx.Client

    @property
    def requests(self) -> list[RecordedRequest]:
        return [*self.router.requests, *self.writer.requests]

    def ask(self, question: str, session: str) -> list[dict[str, Any]]:
        """Every event of an answer."""
        asked = {"message": question, "session_id": session}
        with self.client.stream("POST", "/chat/stream", json=asked) as response:
            return check_whole(list(frames(response)))

    def post(self, path: str, **asked: object) -> dict[str, Any]:
        return dict(self.client.post(path, json=asked).raise_for_status().json())


@pytest.fixture(scope="module")
def opened(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Masked]:
    base = tmp_path_factory.mktemp("masking")
    data = Path(shutil.copytree(indexed, base / "data"))
    with ExitStack() as stack:
        router, writer = stack.enter_context(BedrockServer()), stack.enter_context(OpenAIServer())
        settings: dict[str, Any] = {**at_bedrock(router), **at_openai(writer), **no_profile(base), **PATIENT}
        settings |= {"SUPERVISOR_MODEL": f"bedrock:{NOVA}", "WORKER_MODEL": f"openai:{GPT}"}
        server = stack.enter_context(serve(data, MASK_PERSONAL_DATA="cloud", **settings))
        client = stack.enter_context(server.client())
        make(client, tools=["search_documents", "hand_over"])
        client.post(
            "/api/documents", files={"file": ("trials.md", TRIALS)}, data={"folder": "sales", "path": "trials.md"}
        ).raise_for_status()
        yield Masked(server, router, writer, client)


@pytest.fixture
def desk(opened: Masked) -> Iterator[Masked]:
    opened.router.script, opened.writer.script = routing, writing
    for provider in (opened.router, opened.writer):
        provider.requests.clear()
    yield opened
    assert len(opened.requests) > 0
    assert shown(opened.requests) == set()


def test_routing_evidence_tools_and_history_are_masked_and_the_answer_is_whole(desk: Masked) -> None:
    events = desk.ask(QUESTION, "whole")
    assert text_of(events) == f"I look. \n\n{MEANT}"
    again = desk.ask(f"Is a trial of the sales plan asked for at {OTHER_EMAIL}, {EMAIL.upper()}?", "whole")
    assert text_of(again) == f"I look. \n\n{MEANT}"
    (route,) = (event for event in events if event["type"] == "route")
    assert (route["reason"], route["agents"]) == (f"{EMAIL} asks", ["sales"])
    (handoff,) = (event for event in events if event["type"] == "handoff")
    assert handoff["reason"] == f"{EMAIL} wants a person"
    assert handoff["summary"] == QUESTION
    (_, search) = [event for event in desk.writer.requests if event.method == "POST"][:2]
    assert search.body["messages"][-2]["content"].startswith("Answer from these") or "known" in str(search.body)


def test_the_trace_counts_what_was_masked(desk: Masked) -> None:
    events = desk.ask(QUESTION, "counted")
    assert [end["output"] for end in attempts(events, None)] == ["masked: 1 email, 1 phone"]
    assert [end["output"] for end in attempts(events, "sales")] == ["masked: 2 email, 1 phone, 1 bank"]


def test_support_is_that_of_what_was_meant(desk: Masked) -> None:
    done = desk.ask(QUESTION, "supported")[-1]
    first, *_ = (sentence for sentence in done["support"]["sentences"] if sentence["score"] == 1)
    assert f"I look. \n\n{MEANT}"[first["start"] : first["end"]].startswith("A trial of the sales plan")


def test_every_door_to_an_agent(desk: Masked) -> None:
    meant = f"I look. \n\n{MEANT}"
    assert desk.post("/chat", message=QUESTION)["answer"] == meant
    assert desk.post("/api/agents/sales/chat", message=QUESTION)["answer"] == meant
    assert desk.post("/agent/generate", task=QUESTION, agent_type="sales", context={"card": CARD})["text"] == meant
    with connect(desk.server.url.replace("http", "ws") + "/ws/ai/stream", proxy=None) as socket:
        socket.send(json.dumps({"task": QUESTION, "agent_type": "sales"}))
        while not (frame := json.loads(socket.recv(timeout=60))).get("final"):
            pass
    assert frame["text"] == meant


def test_a_model_without_an_agent(desk: Masked) -> None:
    tool = {"type": "function", "function": {"name": "look_up", "description": f"for {OTHER_EMAIL}", "parameters": {}}}
    desk.writer.script = Script((), calls=(Called("look_up", '{"who": "[EMAIL_1]", "card": "[CARD_1]"}'),))
    asked = {"message": f"I am {EMAIL}, {CARD}", "system_prompt": "You help."}
    (call,) = desk.post("/api/llm/chat/session", session_id="llm", tools=[tool], **asked)["tool_calls"]
    assert json.loads(call["arguments"]) == {"who": EMAIL, "card": CARD}
    desk.writer.script = Script(("[CARD", "_1] of [EMAIL_1", "]; [", "EMAIL_2] pays ", "[BANK_1]"))
    result = {"tool_call_id": call["id"], "content": json.dumps({"by": OTHER_EMAIL, "to": IBAN})}
    body = {"session_id": "llm", "tool_results": [result]}
    with desk.client.stream("POST", "/api/llm/chat/session/stream", json=body) as response:
        said = [frame for _, frame in frames(response)]
    meant = f"{CARD} of {EMAIL}; {OTHER_EMAIL} pays {IBAN}"
    assert "".join(frame.get("content", "") for frame in said[:-1]) == meant
    run = desk.client.get(f"/runs/{said[-1]['run_id']}").json()
    assert run["answer"] == meant
    assert "masked: 2 email, 1 card, 1 bank" in str(run["steps"])


def test_a_run_that_is_stopped_keeps_what_was_said(desk: Masked) -> None:
    desk.writer.script = Script(("You are [EMAIL_2], ", "or [EMAIL"), fault=Fault.STALL, at=2)
    run_id, heard = "", ""
    with desk.client.stream("POST", "/chat/stream", json={"message": QUESTION}) as response:
        for _, event in frames(response):
            run_id = event.get("run_id", run_id)
            heard += event["content"] if event["type"] == "token" else ""
            if heard.endswith("or "):
                desk.client.post(f"/runs/{run_id}/cancel").raise_for_status()
    assert heard == f"You are {EMAIL}, or "
    assert desk.client.get(f"/runs/{run_id}").json()["answer"] == heard


# Any more in a row, and the model would not be asked.
@pytest.mark.parametrize("at", [3, 5])
def test_a_cloud_that_breaks_off_is_followed_by_the_embedded_model(desk: Masked, at: int) -> None:
    """What was restored is withdrawn, and the embedded model quotes what the document says."""
    desk.writer.script = Script(SAID, fault=Fault.EXCEPTION, at=at)
    events = desk.ask(QUESTION, f"broken-{at}")
    assert [event["type"] for event in events].count("reset") == 1
    assert OTHER_EMAIL in text_of(events)
    assert not [event for event in events if SEEN.search(json.dumps(event))]


def test_nothing_is_kept_of_the_masks(desk: Masked) -> None:
    """What is stored is what was said; the log has neither values nor placeholders."""
    desk.ask(QUESTION, "stored")
    for name in ("desk.db", "graph.db"):
        with closing(sqlite3.connect(desk.server.data_dir / name)) as database:
            dump = "\n".join(database.iterdump())
        assert EMAIL in dump or name == "graph.db"
        assert not SEEN.search(dump)
    log = (desk.server.data_dir.parent / "data-server.log").read_text(encoding="utf-8")
    assert not SEEN.search(log)
    assert not [value for value in ALL if value in log]
