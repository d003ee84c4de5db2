"""A TCP proxy in front of a desk that breaks connections as a test wants it."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

_FRAME_END = b"\n\n"


@dataclass(frozen=True)
class Fate:
    """What becomes of a connection: it passes so many frames or bytes of the answer, then is cut, or stalls.

    With `says` these bytes are the answer, and the desk hears nothing.
    """

    frames: int | None = None
    size: int | None = None
    stall: bool = False
    says: bytes = b""

    def allowed(self, answer: bytes) -> int:
        """How much of the answer so far may pass."""
        if self.size is not None:
            return min(len(answer), self.size)
        if self.frames is None:
            return len(answer)
        ends = answer.split(_FRAME_END)[: self.frames]
        return min(len(answer), sum(len(end) + len(_FRAME_END) for end in ends))


WHOLE = Fate()


class Proxy:
    """Listens on 127.0.0.1. `fate` tells by its number, from 0, what becomes of a connection."""

    def __init__(self, upstream: int, fate: Callable[[int], Fate]) -> None:
        self.requests: list[bytes] = []
        self._upstream = upstream
        self._fate = fate
        self._left = threading.Event()
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        for opened in (self._listening, *self._open):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            request = _request(client)
            fate = self._fate(len(self.requests))
            self.requests.append(request)
            if fate.says:
                client.sendall(fate.says)
                return
            with socket.create_connection(("127.0.0.1", self._upstream)) as desk:
                self._open.append(desk)
                desk.sendall(request)
                self._relay(desk, client, fate)

    def _relay(self, desk: socket.socket, client: socket.socket, fate: Fate) -> None:
        answer, passed = b"", 0
        while piece := desk.recv(65_536):
            answer += piece
            allowed = fate.allowed(answer)
            client.sendall(answer[passed:allowed])
            passed = allowed
            if passed < len(answer):
                break
        if fate.stall:
            self._left.wait()


def _request(client: socket.socket) -> bytes:
    """One request with its body; another on the same connection is not served."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += _some(client)
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = sum(map(int, lengths)) - len(body)
    while missing > 0:
        piece = _some(client)
        request, missing = request + piece, missing - len(piece)
    return request


def _some(client: socket.socket) -> bytes:
    if not (piece := client.recv(65_536)):
        raise ConnectionError("the client left")
    return piece
