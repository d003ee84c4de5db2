"""A raw HTTP/1.1 server on the loopback, in a thread of its own, that can stop, stall or be cut at any byte."""

import asyncio
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import Self

from tests.providers.answers import RecordedRequest, Reply, play
from tests.providers.script import Script

__all__ = ["LoopbackServer", "RecordedRequest"]

_START_SECONDS = 10


class _Connection:
    """One connection: reads requests, writes answers, and notices when the client leaves in between."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._spare = b""

    async def request(self) -> RecordedRequest | None:
        """Return the next request, or None when the client has no more."""
        try:
            return await self._whole_request()
        except (asyncio.IncompleteReadError, ConnectionError):
            return None  # killed clients may leave between any two bytes, even within a body

    async def _whole_request(self) -> RecordedRequest:
        head = self._spare + await self._reader.readuntil(b"\r\n\r\n")
        self._spare = b""
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return RecordedRequest(method, path, headers, json.loads(body) if body else None, head + body)

    async def answer(self, request: RecordedRequest, script: Script, reply: Reply) -> bool:
        """Play an answer until its end or until the client is gone; return True if another request may follow."""
        playing = asyncio.create_task(play(request, script, reply, self.writer))
        # Only reading reveals that a client has gone while nothing is written to it.
        watching = asyncio.create_task(self._reader.read(1))
        try:
            await asyncio.wait({playing, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done() and watching.exception() is None:
                self._spare = watching.result()  # the first byte of the next request; b"" when the client is gone
            if not playing.done() and not self._spare:
                request.lost()
                return False
            reusable = await playing
            request.finished.set()
            return reusable
        except ConnectionError:
            request.lost()
            return False
        finally:
            playing.cancel()
            watching.cancel()
            await asyncio.gather(playing, watching, return_exceptions=True)


class LoopbackServer(ABC):
    """A provider on 127.0.0.1. `script` may be set at any time and applies to later requests."""

    def __init__(self, script: Script | Callable[[RecordedRequest], Script] | None = None, port: int = 0) -> None:
        self.script: Script | Callable[[RecordedRequest], Script] = script or Script()
        self.requests: list[RecordedRequest] = []
        self.connections = 0
        self.port = port
        self._arrived = threading.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[Exception] = []
        self._calls = count(1)

    def call_id(self) -> str:
        """Return an id for a tool call that is unique within this server."""
        return f"call_{next(self._calls)}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def reply(self, request: RecordedRequest, script: Script) -> Reply:
        """Build the answer to a request in the provider's format."""

    def start(self) -> None:
        """Start listening; after a stop, on the same port as before."""
        self._listening: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=type(self).__name__, daemon=True)
        self._thread.start()
        self.port = self._listening.result(_START_SECONDS)

    def stop(self) -> None:
        """Close all connections and the port, and raise any error of the server or of a script."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_START_SECONDS)
        if self._errors:
            raise self._errors[0]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_for_requests(self, number: int, timeout: float = 30) -> list[RecordedRequest]:
        """Wait for that many requests; return them. It blocks: in an async test call it with asyncio.to_thread."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests) >= number, timeout):
                raise AssertionError(f"{len(self.requests)} of {number} requests within {timeout} s")
            return list(self.requests)

    def wait_until_closed(self, request: RecordedRequest, timeout: float = 30) -> float:
        """Wait until the client leaves; return that time.monotonic(). It blocks, as wait_for_requests does."""
        if not request.closed.wait(timeout) or request.closed_at is None:
            raise AssertionError(f"the client kept {request.method} {request.path} open for {timeout} s")
        return request.closed_at

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=1024)
        except OSError as error:
            return self._listening.set_exception(error)
        self._listening.set_result(server.sockets[0].getsockname()[1])
        await self._stopping.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return None

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(_Connection(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._errors.append(error)

    async def _serve(self, connection: _Connection) -> None:
        self.connections += 1
        try:
            while (request := await connection.request()) is not None:
                with self._arrived:
                    self.requests.append(request)
                    self._arrived.notify_all()
                script = self.script if isinstance(self.script, Script) else self.script(request)
                if not await connection.answer(request, script, self.reply(request, script)):
                    break
            connection.writer.close()
            with suppress(ConnectionError):
                await connection.writer.wait_closed()
        finally:
            self.connections -= 1
            connection.writer.transport.abort()
