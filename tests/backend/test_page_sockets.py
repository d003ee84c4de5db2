"""How many pages may hold a socket to the desk."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from backend import web

SCOPE = {"type": "websocket", "path": "/_event/", "headers": [(b"host", b"desk"), (b"origin", b"http://desk")]}


async def test_so_many_sockets_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_MOST_SOCKETS", 2)
    closing = asyncio.Event()
    held = asyncio.Semaphore(0)

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        held.release()
        await closing.wait()

    guarded = web._Guarded(pages, {"_event"}, "", 200)
    opened = [asyncio.create_task(call(guarded)) for _ in range(2)]
    for _ in opened:
        await held.acquire()
    assert await call(guarded) == [{"type": "websocket.close", "code": 1013}]
    closing.set()
    assert await asyncio.gather(*opened) == [[], []]
    assert await call(guarded) == []


async def call(guarded: web._Guarded) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await guarded(dict(SCOPE), receive, send)
    return sent
