"""A hub of models on the loopback interface, as much of one as a download needs."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_PART = 65_536


class Hub:
    """The models by name, what was asked for, and a file in the middle of which the first download stops."""

    def __init__(self, models: dict[str, Path], stalls_at: str = "") -> None:
        self.models = models
        self.stalls_at = stalls_at
        self.stalled, self.go_on = threading.Event(), threading.Event()
        self.asked: list[str] = []
        self.url = ""


@contextmanager
def serve_hub(hub: Hub) -> Iterator[Hub]:
    """Serve until the end of the block."""

    class Handler(_HubHandler):
        of = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _HubHandler(BaseHTTPRequestHandler):
    of: Hub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        self.of.asked.append(self.path)
        if api := re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/.*", self.path):
            name, kind = api.groups()
            self._tell_model(name, kind)
        elif file := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", self.path):
            self._send_file(self.of.models[file[1]] / file[2], body=body)
        else:
            self.send_error(404)

    def _tell_model(self, name: str, kind: str) -> None:
        root = self.of.models.get(name)
        if root is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            return
        files = [file for file in sorted(root.rglob("*")) if file.is_file()]
        tree = [
            {"type": "file", "path": file.relative_to(root).as_posix(), "size": file.stat().st_size, "oid": file.name}
            for file in files
        ]
        told = tree if kind == "tree" else {"id": name, "sha": _COMMIT, "siblings": []}
        self._send(json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _send_file(self, file: Path, *, body: bool) -> None:
        data = file.read_bytes()
        headers = {"ETag": f'"{file.name}-{len(data)}"', "X-Repo-Commit": _COMMIT, "Accept-Ranges": "bytes"}
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        if wanted and body:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(data[start:], headers, status=206 if wanted else 200, body=body, name=file.name)

    def _send(
        self, data: bytes, headers: dict[str, str], *, status: int = 200, body: bool = True, name: str = ""
    ) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if not body:
            return
        stalls = name and name == self.of.stalls_at and not self.of.stalled.is_set()
        for start in range(0, len(data), _PART):
            try:
                self.wfile.write(data[start : start + _PART])
            except ConnectionError:
                # The one who asked was killed.
                return
            if stalls and start >= len(data) // 2:
                self.of.stalled.set()
                self.of.go_on.wait()
