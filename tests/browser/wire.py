"""A TCP proxy between a browser and a desk whose connections can be cut while both keep running."""

import socket
import threading
from contextlib import suppress
from typing import Self


class Wire:
    """A proxy that forwards all bytes, on a port of its own."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._held: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listening)
        self.cut()

    def cut(self) -> None:
        """Close all open connections; new ones are accepted."""
        held, self._held = self._held, []
        for one in held:
            _close(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                browser, _ = self._listening.accept()
                self._held.append(browser)
                with suppress(OSError):
                    desk = socket.create_connection(("127.0.0.1", self._upstream))
                    self._held.append(desk)
                    for ends in ((browser, desk), (desk, browser)):
                        threading.Thread(target=_pass, args=ends, daemon=True).start()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    _close(target)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
