"""Whoever attacks a desk: each in a process of its own, on the loopback, within a share of one core and for a time.

Each counts what it sent and what became of it. Those that have keys are users; the others are strangers.
"""

import asyncio
import json
import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

# Not the address of the honest, for the desk may limit what one address may do.
_ADDRESS = "127.0.0.66"
_SHARE = 0.05  # of a core
_PATIENCE = 60  # seconds
_REQUEST = b"GET /ready HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
_BLOCK = _REQUEST * 1_000
_LARGE = 900_000

MESSAGES = (
    ". " * 750 + "x " + "Bq " * 500,
    (". " * 750 + "x " + "Bq " * 2_100)[:7_990],
    "A. " * 2_660,
    "\n" * 7_900 + "x",
    ('"' * 3_950 + " x") * 2,
    "((((" * 1_990,
    "a" * 7_990,
    "word " * 1_598,
)


@dataclass
class Arm:
    """One attacker's time, share and account."""

    port: int
    keys: Sequence[str]
    until: float
    sent: Counter[str] = field(default_factory=Counter)
    _began: float = field(default_factory=time.monotonic)
    _used: float = field(default_factory=time.process_time)

    @property
    def going(self) -> bool:
        return time.monotonic() < self.until

    async def rest(self, seconds: float = 0.01) -> None:
        """Sleep for that long, or until no more than the share is used."""
        used, gone = time.process_time() - self._used, time.monotonic() - self._began
        left = max(0.0, self.until - time.monotonic())
        await asyncio.sleep(min(max(seconds, used / _SHARE - gone), left))

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        transport = httpx.AsyncHTTPTransport(local_address=_ADDRESS)
        url = f"http://127.0.0.1:{self.port}"
        return httpx.AsyncClient(base_url=url, headers=headers, transport=transport, timeout=_PATIENCE)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(_ADDRESS, 0))

    async def count(self, what: str, sending: Awaitable[httpx.Response]) -> None:
        """Note how a request was answered."""
        try:
            response = await sending
        except httpx.HTTPError as error:
            self.sent[f"{what}: {type(error).__name__}"] += 1
        else:
            self.sent[f"{what}: {response.status_code}"] += 1


async def pipelining(arm: Arm) -> None:
    """Requests by the thousand on sockets that are never read; eight of them stay open."""
    loop, waiting = asyncio.get_running_loop(), []
    while arm.going:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.bind((_ADDRESS, 0))
        client.setblocking(False)
        waiting.append(client)
        try:
            await loop.sock_connect(client, ("127.0.0.1", arm.port))
            while arm.going:
                async with asyncio.timeout(2):
                    await loop.sock_sendall(client, _BLOCK)
                arm.sent["requests"] += 1_000
                await arm.rest()
        except TimeoutError:
            arm.sent["sockets that took no more"] += 1
        except OSError:
            arm.sent["sockets that were closed"] += 1
        if len(waiting) > 8:
            waiting.pop(0).close()
        await arm.rest(0.1)
    for client in waiting:
        client.close()


async def slowness(arm: Arm) -> None:
    """Sixty connections that say nothing, half a header, or half a body, a few bytes every two seconds."""
    headers = f"host: 127.0.0.1\r\nauthorization: Bearer {arm.keys[0]}\r\ncontent-length: 5000\r\n"
    body = f"POST /chat HTTP/1.1\r\n{headers}\r\n".encode()

    async def one(kind: int) -> None:
        beginning, more = ((b"", b""), (b"GET /ready HTTP/1.1\r\n", b"x-a: b\r\n"), (body, b" "))[kind % 3]
        while arm.going:
            try:
                reader, writer = await arm.open()
                arm.sent["connections"] += 1
                writer.write(beginning)
                while arm.going:
                    writer.write(more)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(2):
                            await reader.read(65_536)
                        # An answer that refuses, or an end.
                        arm.sent["connections that were ended"] += 1
                        break
                writer.transport.abort()
            except OSError:
                arm.sent["connections that were reset"] += 1
            await arm.rest(0.5)

    await asyncio.gather(*(one(kind) for kind in range(60)))


async def messages(arm: Arm) -> None:
    """The worst messages that a user may send, one a second."""
    async with arm.client(arm.keys[0]) as client:
        while arm.going:
            body = {"message": MESSAGES[arm.sent.total() % len(MESSAGES)]}
            await arm.count("messages", client.post("/chat", json=body))
            await arm.rest(1)


async def documents(arm: Arm) -> None:
    """Documents that take long to read or become many times as large, and questions about them."""
    headings = "".join(f"{'#' * (1 + at % 6)} {'heading ' * 25}{at}\n\n" for at in range(1_000))
    texts = [" " * 60_000 + "x", headings, "\n" * 60_000 + "x", ("a" * 500 + " ") * 120, '"' * 60_000, "| " * 30_000]
    async with arm.client(arm.keys[0]) as client:
        while arm.going:
            at = arm.sent.total() % len(texts)
            text = f"# Refunds {secrets.token_hex(4)}\n\n{texts[at]}"
            place = {"folder": ("billing", "compliance")[at % 2], "path": f"bad/{at}.md"}
            await arm.count("documents", client.post("/api/documents", files={"file": ("bad.md", text)}, data=place))
            await arm.count("questions", client.post("/chat", json={"message": f"What of refunds {at} x?"}))
            await arm.rest(5)
        await _remove(client)


async def uploads(arm: Arm) -> None:
    """Large bodies: 19 MB without a right key, and by a user 2 MB of words once a minute."""
    large, paragraph = b"x" * 19_000_000, "Refunds of annual plans are paid within ten days of the request. "
    async with arm.client("fd-wrong") as stranger, arm.client(arm.keys[0]) as user:
        next_document = 0.0
        while arm.going:
            files = {"file": ("large.md", large)}
            data = {"folder": "billing", "path": "bad/large.md"}
            await arm.count("19 MB by a stranger", stranger.post("/api/documents", files=files, data=data))
            wrong = {"content-type": "application/json"}
            await arm.count("19 MB of JSON", stranger.post("/chat", content=b'{"message":"' + large, headers=wrong))
            if time.monotonic() > next_document:
                next_document = time.monotonic() + 60
                words = "".join(f"{paragraph}{secrets.token_hex(3)}\n\n" for _ in range(2_000_000 // 75))
                files = {"file": ("words.md", words.encode())}
                await arm.count("2 MB of words", user.post("/api/documents", files=files, data=data))
            await arm.rest(1)
        await _remove(user)


async def wrong_keys(arm: Arm) -> None:
    """Keys that were never made."""
    async with arm.client() as client:
        while arm.going:
            headers = {"authorization": f"Bearer fd-{secrets.token_urlsafe(32)}"}
            await arm.count("keys", client.get("/api/threads", headers=headers))
            await arm.rest()


async def page_sockets(arm: Arm) -> None:
    """Sockets of the pages, without a key, that say 900 kB of what no page knows."""
    address = f"ws://127.0.0.1:{arm.port}/_event/?EIO=4&transport=websocket&token="
    while arm.going:
        try:
            origin = f"http://127.0.0.1:{arm.port}"
            token = secrets.token_hex(16)
            async with connect(address + token, origin=origin, proxy=None, local_addr=(_ADDRESS, 0)) as page:  # type: ignore[arg-type]
                arm.sent["sockets"] += 1
                await page.send("40/_event,")
                for name in ("nothing.known", "reflex___state____state.hydrate"):
                    event = {"name": name, "payload": {"message": "x" * _LARGE}}
                    await page.send("42/_event," + json.dumps(["event", event]))
                    arm.sent["events of 900 kB"] += 1
                async with asyncio.timeout(5):
                    await page.recv()
        except (OSError, TimeoutError, WebSocketException):
            arm.sent["sockets that were refused or ended"] += 1
        await arm.rest(0.2)


async def _remove(client: httpx.AsyncClient) -> None:
    """What the attackers brought in is removed, so that what is held afterwards is what the attack left."""
    listed = (await client.get("/api/documents", params={"search": "bad/"})).json()
    for document in listed.get("documents", []):
        await client.delete(f"/api/documents/{document['id']}")


ARMS: dict[str, Callable[[Arm], Awaitable[None]]] = {
    arm.__name__: arm for arm in (pipelining, slowness, messages, documents, uploads, wrong_keys, page_sockets)
}


def run(name: str, port: int, keys: Sequence[str], until: float) -> tuple[dict[str, int], float]:
    """Attack until then; what was sent, and the share of a core that it took. Runs in a process of its own."""
    os.nice(5)
    began, used = time.monotonic(), time.process_time()
    arm = Arm(port, keys, until)
    asyncio.run(_bounded(ARMS[name](arm), until + _PATIENCE))
    return dict(arm.sent), (time.process_time() - used) / (time.monotonic() - began)


async def _bounded(work: Awaitable[None], until: float) -> None:
    """Whatever the desk does, an attack ends."""
    with suppress(TimeoutError):
        async with asyncio.timeout(until - time.monotonic()):
            await work
