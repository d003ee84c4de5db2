"""Model servers beside the desk are found and named with the setting to write; hostile ones cannot change it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agents.models.local.discovery import find_servers
from agents.models.model_name import parse_chain
from tests.serving import free_port

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[int, list[str]]]:
    """Something that listens on this machine, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer(self)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def body(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def listing(*names: object) -> Answer:
    return body(json.dumps({"object": "list", "data": [{"id": name} for name in names]}).encode())


async def test_a_server_is_found_with_its_models_and_the_setting() -> None:
    with serving(listing("nomic-embed-text:latest", "qwen3:4b", "llama3.2")) as (port, asked):
        (found,) = await find_servers([("Ollama", port), ("LM Studio", free_port())])
    assert (found.kind, found.url) == ("Ollama", f"http://127.0.0.1:{port}/v1")
    assert [model.model for model in found.models] == ["qwen3:4b", "llama3.2"]
    assert found.setting == f"WORKER_MODEL=openai-compatible:qwen3:4b@http://127.0.0.1:{port}/v1,embedded"
    assert asked == ["/v1/models"]


async def test_a_name_leads_nowhere_else() -> None:
    hostile = ["x@http://192.0.2.1/v1", "a,openai:gpt-4o", "\x1b[2J", "a b", "", None, 7, "n" * 300, "ok"]
    with serving(listing(*hostile)) as (port, _):
        (found,) = await find_servers([("Ollama", port)])
    assert [model.model for model in found.models] == ["ok"]
    first, _ = parse_chain(found.setting.removeprefix("WORKER_MODEL="))
    assert first.url == f"http://127.0.0.1:{port}/v1"


@pytest.mark.parametrize(
    "answer",
    [
        body(b"", 302, location="http://127.0.0.1:1/v1/models"),
        body(b"<html>"),
        body(b"[" * 10_000),
        body(b'{"data": 7}'),
        body(b'{"data": ["a"]}'),
        body(b'{"data": []}', 404),
        body(b" " * 100_000 + b'{"data": [{"id": "a"}]}'),
    ],
)
async def test_anything_else_at_the_port_is_no_model_server(answer: Answer) -> None:
    with serving(answer) as (port, _):
        assert await find_servers([("llama.cpp", port)]) == []


async def test_a_server_that_says_nothing_is_waited_for_only_for_a_moment() -> None:
    release = threading.Event()
    with serving(lambda _: (release.wait(60), None)[1]) as (silent, _), serving(listing("a")) as (port, _):
        found = await find_servers([("LM Studio", silent), ("Ollama", port)])
        release.set()
    assert [server.kind for server in found] == ["Ollama"]
