"""The generation gateway over a WebSocket: many generations at once, each told apart by its id.

A client sends tasks, `{"type": "cancel", "generation_id"}` and `{"type": "ping"}`, and may name a task by a
`request_id` of its own. Every frame that it gets carries the id of its generation.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocketDisconnect

from backend.api.deps import TheDesk, TheUser, needs
from backend.api.generation.gateway import GenerationRequest, begin
from backend.api.runs import stop
from backend.desk import OpenDesk
from backend.encoders.answers import LEFT
from backend.encoders.encoder import json_of
from backend.encoders.gateway_socket import SocketEncoder
from backend.errors import KeyRefused, TooManyStreams
from backend.http.event_response import abort_connection
from backend.storage.runs import StoredRun
from backend.users import DeskUser
from frontdesk.contracts.base import Problem
from frontdesk.contracts.gateway import SocketFrame, SocketPong, SocketRefused, SocketStopped
from knowledge.errors import DeskError

_LOG = logging.getLogger(__name__)

router = APIRouter(dependencies=[needs("chat")])

_MOST_AT_ONCE = 16
_BINARY, _REFUSED, _TOO_SLOW = 1003, 1008, 1008


class _Task(GenerationRequest):
    """A task, with the client's own ids for it."""

    type: Literal["generate"] = "generate"
    request_id: str | None = Field(default=None, max_length=128)
    generation_id: UUID | None = Field(default=None, strict=False)


class _Cancel(BaseModel):
    """The message that stops a generation."""

    model_config = ConfigDict(strict=True)

    generation_id: str


@router.websocket("/ws/ai/stream")
async def generations(websocket: WebSocket, desk: TheDesk, user: TheUser) -> None:
    """Serve one socket until its client leaves."""
    desk.streams.check()
    await websocket.accept()
    with desk.streams.hold_slot():
        await _Socket(websocket, desk, user).serve()


class _Socket:
    """One client, and the generations it follows."""

    def __init__(self, websocket: WebSocket, desk: OpenDesk, user: DeskUser) -> None:
        self._websocket = websocket
        self._desk = desk
        self._user = user
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Take messages until the client leaves; then stop the generations that it does not want to continue."""
        try:
            while True:
                message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                if (text := message.get("text")) is None:
                    await self._websocket.close(_BINARY, "send JSON as text")
                    return
                self._desk.users.check(self._user)
                await self._take(text)
        except KeyRefused as refused:
            await self._websocket.close(_REFUSED, refused.message)
        except WebSocketDisconnect:
            return
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, text: str) -> None:
        request_id: str | None = None
        try:
            said = orjson.loads(text)
            if isinstance(said, dict) and isinstance(said.get("request_id"), str):
                request_id = said["request_id"][:128]
            match said:
                case {"type": "ping"}:
                    await self._send(SocketPong())
                case {"type": "cancel"}:
                    await self._cancel(_Cancel.model_validate(said), request_id)
                case dict():
                    await self._generate(_Task.model_validate(said), request_id)
                case _:
                    await self._refuse("invalid_request", "message: Input should be a JSON object.", request_id)
        except orjson.JSONDecodeError:
            await self._refuse("invalid_json", "This is not JSON.", request_id)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "message"
            await self._refuse("invalid_request", f"{where}: {first['msg']}.", request_id)
        except DeskError as error:
            await self._refuse(error.code, error.message, request_id, retryable=error.retryable)

    async def _generate(self, task: _Task, request_id: str | None) -> None:
        if len(self._tasks) >= _MOST_AT_ONCE:
            raise TooManyStreams(f"This socket follows {_MOST_AT_ONCE} generations already; wait for one of them.", 1)
        run = await begin(task, self._desk, self._user, task.generation_id)
        following = self._desk.streams.start_write(self._follow(run, SocketEncoder(run, request_id)))
        self._tasks.add(following)
        following.add_done_callback(lambda done: self._left(done, run, task))

    async def _follow(self, run: StoredRun, encoder: SocketEncoder) -> None:
        try:
            await self._send(encoder.begin())
            async for frame in encoder.frames(self._desk.runs.follow(run.id)):
                # Checked in each silence too: a revoked key reads no further.
                self._desk.users.check(self._user)
                if frame:
                    await self._send(frame)
        except WebSocketDisconnect:
            _LOG.debug("a client left generation %s", run.id)
        except KeyRefused as refused:
            with suppress(RuntimeError):  # Starlette's way to say that the socket is closed
                await self._websocket.close(_REFUSED, refused.message)

    def _left(self, following: asyncio.Task[None], run: StoredRun, task: _Task) -> None:
        """Clean up after a generation that has ended or whose client has left; stopping an ended one does nothing."""
        self._tasks.discard(following)
        if not following.cancelled() and (error := following.exception()):
            _LOG.error("generation %s cannot be told", run.id, exc_info=error)
        if task.on_disconnect == "cancel":
            self._desk.runs.cancel_now(run.id, LEFT)

    async def _cancel(self, wanted: _Cancel, request_id: str | None) -> None:
        stopped = await stop(self._desk, self._user, wanted.generation_id)
        await self._send(SocketStopped(generation_id=stopped.run_id, status=stopped.status, request_id=request_id))

    async def _refuse(self, code: str, message: str, request_id: str | None, *, retryable: bool = False) -> None:
        problem = Problem(code=code, message=message, retryable=retryable)
        await self._send(SocketRefused(error=problem, request_id=request_id))

    async def _send(self, frame: SocketFrame) -> None:
        """Send one frame at a time. A client that does not read is dropped: it can follow its runs from elsewhere."""
        try:
            async with asyncio.timeout(self._desk.streams.slow_seconds), self._sending:
                await self._websocket.send_text(json_of(frame).decode())
        except TimeoutError:
            self._desk.streams.dropped += 1
            abort_connection(self._websocket.scope)
            raise WebSocketDisconnect(_TOO_SLOW) from None
        except RuntimeError as error:
            # Starlette's way to say that the socket is closed.
            raise WebSocketDisconnect from error
