"""What becomes of generations over a WebSocket when the client goes, does not read, or the desk stops."""

import asyncio
import socket
import struct
import uuid
from contextlib import suppress
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed

from tests.agents.models.upstream import until
from tests.backend.api.generation.sockets import WAIT, cancel, error_of, hear, held, metrics, opened, run_of, task
from tests.backend.api.generation.tasks import ANN, FLOOD, HELD, TEXT, generating
from tests.serving import Server
from tests.sse import frames


async def test_a_client_that_vanishes_leaves_only_what_it_wants_to_survive_it(
    generator: Server, ann: httpx.Client
) -> None:
    async with opened(generator) as websocket:
        ends = await held(websocket, on_disconnect="cancel")
        stays = await held(websocket)
        assert "frontdesk_streams 1.0" in metrics(ann)
        raw = websocket.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        websocket.transport.abort()
        await until(lambda: run_of(ann, ends)["status"] == "cancelled", WAIT)
        await until(lambda: "frontdesk_streams 0.0" in metrics(ann), WAIT)
    assert run_of(ann, stays)["status"] == "in_progress"
    cancel(ann, stays)


async def test_a_client_that_leaves_at_once_stops_what_it_asked_for(generator: Server, ann: httpx.Client) -> None:
    ids = [str(uuid.uuid4()) for _ in range(8)]
    for own in ids:
        async with opened(generator) as websocket:
            await websocket.send(task(HELD, on_disconnect="cancel", generation_id=own))
    await until(lambda: {run_of(ann, own).get("status") for own in ids} == {"cancelled"}, WAIT)
    assert run_of(ann, ids[0])["status"] == "cancelled"


async def test_a_client_that_does_not_read_is_dropped(generator: Server, ann: httpx.Client) -> None:
    dropped = "frontdesk_streams_dropped 0.0"
    assert dropped in metrics(ann)
    async with opened(generator, max_queue=1, compression=None) as websocket:
        await websocket.send(task(FLOOD))
        await until(lambda: "frontdesk_streams 0.0" in (page := metrics(ann)) and dropped not in page, WAIT)
    assert dropped not in metrics(ann)


async def test_a_desk_that_stops_tells_every_generation_and_closes_the_socket(indexed: Path, tmp_path: Path) -> None:
    with generating(indexed, tmp_path, SHUTDOWN_SECONDS=0.2) as desk, desk.client(headers={"x-api-key": ANN}) as client:
        async with opened(desk) as websocket:
            ids = {await held(websocket) for _ in range(4)}
            with client.stream("POST", "/agent/stream", json={"task": HELD}) as response:
                streamed = frames(response)
                heard = [next(streamed)[1] for _ in range(3)]
                ending = asyncio.create_task(asyncio.to_thread(desk.interrupt))
                told = []
                with suppress(ConnectionClosed):
                    while True:
                        told.append(await hear(websocket))
                (last,) = (frame for _, frame in streamed)
            assert await ending == 0
    assert {frame["generation_id"]: error_of(frame) for frame in told} == dict.fromkeys(ids, "shutting_down")
    assert websocket.close_code in (1001, 1012)
    assert (heard[-1]["text"], error_of(last), last["error"]["retryable"]) == (TEXT, "shutting_down", True)
    assert last["generation_id"] in last["error"]["message"]
