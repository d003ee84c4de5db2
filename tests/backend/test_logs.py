"""What a desk logs: each line whole, runs by their ids, never what is said, and no secret in any form."""

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.security.log_redaction import RedactingFormatter, RedactingJsonFormatter
from tests.provided import GPT, PATIENT, at_openai, no_profile
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import serve

ASKED, ANSWERED, FAILED = "zanzibarqx", "quokkaqx", "xylophoneqx"
QUESTION = f"How long does a refund of a duplicate charge take, {ASKED}?"
SECRET = 'k"ey\\of-Zoë-\U0001f600-1234'
DOORS: dict[str, dict[str, Any]] = {
    "/chat": {"message": QUESTION},
    "/chat/stream": {"message": QUESTION},
    "/api/agents/billing/chat": {"message": QUESTION},
    "/api/agents/route": {"question": QUESTION},
    "/agent/generate": {"agent_type": "billing", "task": QUESTION, "context": ASKED},
    "/agent/stream": {"agent_type": "billing", "task": QUESTION},
    "/api/llm/chat": {"messages": [{"role": "user", "content": QUESTION}]},
    "/api/llm/chat/session/stream": {"session_id": "s", "message": QUESTION, "system_prompt": ASKED},
}
REFUSED: dict[str, dict[str, Any]] = {
    "/chat": {"message": QUESTION, "session_id": f"{ASKED} !"},
    "/chat/stream": {"message": ASKED * 2_000},
    "/api/agents/billing/chat": {"message": {"is": ASKED}},
    f"/{ASKED}": {},
}


@dataclass
class Logged:
    """What came of every request, and what was logged meanwhile."""

    replies: list[httpx.Response]
    lines: list[str]


@pytest.fixture(scope="module", params=["json", "text"])
def logged(request: pytest.FixtureRequest, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    """A desk that is asked at every door, whose model answers, then fails and says why."""
    base = tmp_path_factory.mktemp(request.param)
    data = Path(shutil.copytree(indexed, base / "data"))
    models = {"SUPERVISOR_MODEL": "embedded", "WORKER_MODEL": f"openai:{GPT}", "EMBEDDED_FALLBACK": "false"}
    with ExitStack() as stack:
        cloud = stack.enter_context(OpenAIServer(Script(tokens=(ANSWERED, " [1]."))))
        settings: dict[str, Any] = {
            **models,
            **PATIENT,
            **at_openai(cloud),
            **no_profile(base),
            "LOG_FORMAT": request.param,
        }
        desk = stack.enter_context(serve(data, **settings))
        client = stack.enter_context(desk.client())
        replies = [client.post(door, json=body) for door, body in DOORS.items()]
        cloud.script = Script(fault=Fault.BAD_REQUEST, error_text=FAILED)
        replies += [client.post(door, json=body) for door, body in DOORS.items()]
        replies += [client.post(door, json=body) for door, body in REFUSED.items()]
        replies.append(client.post("/chat", content=f'{{"message": "{ASKED}'))
        desk.interrupt()
        yield Logged(replies, (base / "data-server.log").read_text().splitlines())


def about_runs(lines: list[str]) -> list[str]:
    return [line for line in lines if "run ended" in line or "run failed" in line]


def test_every_door_answered_then_failed(logged: Logged) -> None:
    answered, failed = logged.replies[: len(DOORS)], logged.replies[len(DOORS) : 2 * len(DOORS)]
    assert [reply.status_code for reply in answered] == [200] * len(DOORS)
    assert sum(ANSWERED in reply.text for reply in answered) == len(DOORS) - 1
    assert sum('"models_unavailable"' in reply.text for reply in failed) == len(DOORS) - 1
    assert all(reply.status_code >= 400 for reply in logged.replies[2 * len(DOORS) :])
    assert len(about_runs(logged.lines)) >= 3 * (len(DOORS) - 1)


@pytest.mark.parametrize("word", [ASKED, ANSWERED, FAILED])
def test_nothing_that_is_said_is_logged(logged: Logged, word: str) -> None:
    assert [line for line in logged.lines if word in line.lower()] == []


def test_every_line_about_a_run_names_it(logged: Logged) -> None:
    for line in about_runs(logged.lines):
        said = (
            json.loads(line)
            if line.startswith("{")
            else dict(part.split("=", 1) for part in line.split() if "=" in part)
        )
        assert len(said["run_id"]) == len(said["thread_id"]) == 36
        assert said["user_id"] == "local"
        assert said["agent_id"]


@pytest.mark.parametrize("logged", ["json"], indirect=True)
def test_every_line_is_an_object(logged: Logged) -> None:
    said = [json.loads(line) for line in logged.lines]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in said)


def record(message: str, error: Exception | None = None) -> logging.LogRecord:
    failure = (type(error), error, None) if error else None
    return logging.LogRecord("desk", logging.INFO, __file__, 1, message, None, failure)


FORMS = {
    "plain": SECRET,
    "json": json.dumps({"key": SECRET}),
    "json with its characters": json.dumps({"key": SECRET}, ensure_ascii=False),
    "shown": repr({"key": SECRET}),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("formatter", [RedactingFormatter, RedactingJsonFormatter])
def test_a_secret_is_hidden_however_it_is_written(
    formatter: type[RedactingFormatter], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", SECRET)
    written = formatter().format(record(f"sent {form} off", ValueError(form)))
    assert "of-Zo" not in written
    assert "1234" not in written
    assert written.count("[hidden]") == 2


def test_a_line_stays_whole_where_a_signature_is_taken_out() -> None:
    message = 'sent "AWS4-HMAC-SHA256 Credential=AKIAABCDEFGHIJKLMNOP/x" to Zoë\nand more'
    line = RedactingJsonFormatter().format(record(message))
    assert "\n" not in line
    assert json.loads(line)["message"] == 'sent "[hidden]\nand more'
