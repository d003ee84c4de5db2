"""Generations over a WebSocket: told apart, stopped, refused."""

import json
import uuid
from collections import defaultdict
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.backend.api.generation.sockets import answer, cancel, error_of, hear, held, opened, run_of, task
from tests.backend.api.generation.tasks import HELD, TEXT
from tests.serving import Server


async def test_generations_at_once_are_told_apart(generator: Server) -> None:
    names = [f"n{number}" for number in range(8)]
    told: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    async with opened(generator) as websocket:
        for name in names:
            await websocket.send(task(request_id=name))
        while sum("final" in frames[-1] for frames in told.values()) < len(names):
            frame = await hear(websocket)
            told[frame["request_id"]].append(frame)
    ids = {name: {frame["generation_id"] for frame in frames} for name, frames in told.items()}
    assert sorted(told) == names
    assert {len(of_one) for of_one in ids.values()} == {1}
    assert len(set.union(*ids.values())) == len(names)
    for began, *tokens, end in told.values():
        assert began["type"] == "started"
        assert "".join(frame["token"] for frame in tokens) == end["text"] == TEXT
        assert end["usage"]["completion"] == 3


async def test_one_of_several_is_stopped_and_the_others_go_on(generator: Server, ann: httpx.Client) -> None:
    async with opened(generator) as websocket:
        first, second = await held(websocket, request_id="a"), await held(websocket, request_id="b")
        order = json.dumps({"type": "cancel", "generation_id": first, "request_id": "stop"})
        stopped, end = await answer(websocket, order), await hear(websocket)
        still = run_of(ann, second)["status"]
        cancel(ann, second)
        other = await hear(websocket)
    assert stopped == {"type": "cancel", "generation_id": first, "status": "cancelling", "request_id": "stop"}
    assert end == {"cancelled": True, "text": TEXT, "generation_id": first, "request_id": "a"}
    assert still == "in_progress"
    assert other == {"cancelled": True, "text": TEXT, "generation_id": second, "request_id": "b"}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no json", "invalid_json"),
        ('{"task": "\\ud800"}', "invalid_json"),
        ('["a list"]', "invalid_request"),
        ("null", "invalid_request"),
        ('{"type": "unheard", "task": "of"}', "invalid_request"),
        ('{"type": "cancel"}', "invalid_request"),
        ('{"type": "cancel", "generation_id": 7}', "invalid_request"),
        ('{"type": "cancel", "generation_id": "nothing"}', "run_not_found"),
        (task(agent_type="nobody"), "agent_not_found"),
        (task("  "), "message_invalid"),
        (task("x" * 8_001), "message_too_long"),
        (task(generation_id="mine"), "invalid_request"),
        (task(on_disconnect="perhaps"), "invalid_request"),
    ],
)
async def test_a_mistake_is_told_and_the_socket_lives_on(generator: Server, message: str, code: str) -> None:
    async with opened(generator) as websocket:
        refused = await answer(websocket, message)
        pong = await answer(websocket, '{"type": "ping"}')
    assert error_of(refused) == code
    assert set(refused["error"]) == {"code", "message", "retryable"}
    assert pong == {"type": "pong"}


async def test_a_mistake_is_told_under_the_name_of_its_request(generator: Server) -> None:
    async with opened(generator) as websocket:
        refused = await answer(websocket, task(agent_type="nobody", request_id="r1"))
    assert refused["request_id"] == "r1"


async def test_an_id_of_ones_own_is_taken_once(generator: Server, ann: httpx.Client) -> None:
    own = str(uuid.uuid4())
    async with opened(generator) as websocket:
        await websocket.send(task(generation_id=own.upper()))
        while "final" not in (end := await hear(websocket)):
            pass
        refused = await answer(websocket, task(generation_id=own))
    assert end["generation_id"] == own
    assert error_of(refused) == "run_exists"
    assert run_of(ann, own)["answer"] == TEXT


@pytest.mark.parametrize(("message", "code"), [(b"bytes", 1003), (task("x" * 1_000_001), 1009)])
async def test_what_no_client_should_send_closes_the_socket(generator: Server, message: str | bytes, code: int) -> None:
    async with opened(generator) as websocket:
        await websocket.send(message)
        await websocket.wait_closed()
    assert websocket.close_code == code


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"x-api-key": ""}])
async def test_without_a_key_no_socket_opens(generator: Server, headers: dict[str, str]) -> None:
    address = generator.url.replace("http", "ws") + "/ws/ai/stream"
    with pytest.raises(InvalidStatus) as refused:
        await connect(address, additional_headers=headers, proxy=None)
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body)["error"]["code"] == "key_refused"


async def test_a_socket_follows_so_many_generations_and_no_more(generator: Server) -> None:
    async with opened(generator) as websocket:
        ids = [await held(websocket, on_disconnect="cancel") for _ in range(16)]
        refused = await answer(websocket, task(request_id="one more"))
        await websocket.send(json.dumps({"type": "cancel", "generation_id": ids[0]}))
        while not (await hear(websocket)).get("cancelled"):
            pass
        taken = await answer(websocket, task(request_id="again"))
    assert (error_of(refused), refused["error"]["retryable"]) == ("too_many_streams", True)
    assert (taken["type"], taken["request_id"]) == ("started", "again")


async def test_messages_of_one_session_keep_their_order(generator: Server) -> None:
    session = {"session_id": "one-socket"}
    async with opened(generator) as websocket:
        first = await held(websocket, **session)
        refused = await answer(websocket, task(**session))
        queued = await answer(websocket, task(HELD, **session, when_busy="enqueue", request_id="second"))
        await websocket.send(task(**session, when_busy="interrupt", request_id="third"))
        told = [await hear(websocket)]
        while "final" not in told[-1]:
            told.append(await hear(websocket))
    ends = [frame for frame in told if "cancelled" in frame or "final" in frame]
    assert error_of(refused) == "thread_busy"
    assert {frame["generation_id"] for frame in ends[:2]} == {first, queued["generation_id"]}
    assert (ends[2]["text"], ends[2]["request_id"]) == (TEXT, "third")
