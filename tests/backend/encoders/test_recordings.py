"""The bytes that every endpoint writes for every kind of event are those that were recorded in `recordings/`."""

import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi import FastAPI

from backend.app import create_app
from backend.desk import OpenDesk, open_desk
from backend.settings import Settings
from tests.backend.encoders.doors import STILL, Doors, playing
from tests.backend.encoders.scripts import SCRIPTS, Act

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDINGS = Path(__file__).parent / "recordings"
TASK = {"agent_type": "billing", "task": "Explain refunds"}
MESSAGES = {"messages": [{"role": "user", "content": "Hello?"}]}
OWN_ID = "0f0e0d0c-0b0a-4908-8706-050403020100"


def generating(**more: object) -> Callable[[Doors], Awaitable[str]]:
    return lambda doors: doors.converse(json.dumps({**TASK, **more}))


Door = Callable[[Doors], Awaitable[str]]
DOORS: dict[str, Door] = {
    "chat": lambda doors: doors.post("/chat", message="Hello?"),
    "chat_stream": lambda doors: doors.post("/chat/stream", message="Hello?", session_id="s1"),
    "agent_chat": lambda doors: doors.post("/api/agents/billing/chat", message="Hello?"),
    "agent_chat_stream": lambda doors: doors.post("/api/agents/billing/chat", message="Hello?", stream=True),
    "run_stream": lambda doors: doors.follow(),
    "run_stream_after": lambda doors: doors.follow(params={"after": 1}),
    "run_stream_last_event": lambda doors: doors.follow(headers={"last-event-id": "3"}),
    "gateway": lambda doors: doors.post("/agent/generate", **TASK),
    "gateway_stream": lambda doors: doors.post("/agent/stream", **TASK),
    "gateway_v1_stream": lambda doors: doors.post("/api/v1/ai/stream", **TASK),
    "gateway_socket": generating(),
    "gateway_socket_named": generating(request_id='my "name" Zürich'),
    "model": lambda doors: doors.post("/api/llm/chat", **MESSAGES),
    "model_stream": lambda doors: doors.post("/api/llm/chat/stream", **MESSAGES),
    "model_session": lambda doors: doors.post("/api/llm/chat/session", message="Hello?", session_id="s1"),
    "model_session_stream": lambda doors: doors.post("/api/llm/chat/session/stream", message="Hi", session_id="s2"),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenDesk]:
    """A desk of the embedded model, on which no time passes."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("recorded") / "data"))
    settings = Settings(
        data_dir=data, supervisor_model="embedded", worker_model="embedded", heartbeat_seconds=60, rate_limit=""
    )
    async with open_desk(settings, clock=STILL) as opened:
        yield opened


@pytest.fixture(scope="module")
def app(desk: OpenDesk) -> FastAPI:
    return create_app(desk.settings)


@pytest.mark.parametrize("door", DOORS)
async def test_a_door_writes_what_was_recorded(app: FastAPI, desk: OpenDesk, door: str) -> None:
    told = list[str]()
    for name, script in SCRIPTS.items():
        async with playing(app, desk, script) as doors:
            told.append(f"=== {name}\n{await DOORS[door](doors)}")
    compare(door, "\n".join(told))


async def test_what_a_socket_is_told_beside_its_generations_is_what_was_recorded(app: FastAPI, desk: OpenDesk) -> None:
    messages: list[str | bytes] = [
        '{"type": "ping"}',
        "no json",
        '["a list"]',
        '{"type": "unheard", "task": "of", "request_id": "r1"}',
        '{"type": "cancel", "request_id": "r2"}',
        json.dumps({"type": "cancel", "generation_id": "nothing", "request_id": "r" * 200}),
        json.dumps({**TASK, "agent_type": "nobody", "request_id": "r3"}),
        json.dumps({**TASK, "task": " ", "request_id": 17}),
        json.dumps({**TASK, "generation_id": OWN_ID, "request_id": "r4"}),
        json.dumps({**TASK, "generation_id": OWN_ID}),
        json.dumps({"type": "cancel", "generation_id": OWN_ID}),
        json.dumps({"type": "cancel", "generation_id": OWN_ID, "request_id": "r5"}),
        b"bytes",
    ]
    async with playing(app, desk, SCRIPTS["tool calls"]) as doors:
        compare("socket_replies", await doors.converse(*messages))


async def test_every_event_is_in_some_script() -> None:
    """The engine itself adds the start and the end of a run, and a door the heartbeats."""
    assert Act.PAUSE in SCRIPTS["silent"]
    kinds = {type(item).__name__ for script in SCRIPTS.values() for item in script}
    assert kinds >= {"Route", "TraceStart", "TraceUpdate", "TraceEnd", "Sources", "Token", "ToolCall", "Reset"}
    assert kinds >= {"Handoff", "AnswerOutcome"}


def compare(name: str, told: str) -> None:
    """Assert that the bytes are those of the recording."""
    assert told.encode() == (RECORDINGS / f"{name}.txt").read_bytes()
