"""A desk that runs a local model: it answers, its death costs no answer, and it ends with the desk."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from agents.models.local import serve as serve_module
from tests import commands
from tests.hub import model_hub
from tests.llama import model_file
from tests.localmodel import NAME, offer, place_model, small_weights, write_table
from tests.provided import BILLING, PRIVACY, ask
from tests.serving import Server, environment, serve
from tests.sse import check_whole, frames

# On a busy machine the model writes a few tokens a second.
pytestmark = pytest.mark.timeout(600)
LOCAL = f"local:{NAME}"
SETTINGS: dict[str, Any] = {
    "SUPERVISOR_MODEL": "embedded",
    "WORKER_MODEL": f"{LOCAL},embedded",
    "MODEL_FIRST_TOKEN_SECONDS": 60,
    "MODEL_IDLE_SECONDS": 60,
    "MODEL_MAX_TOKENS": 100,
    "LOCAL_MODEL_THREADS": 1,
}


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk whose model was downloaded by the command."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("local") / "data"))
    write_table(data / "models", {NAME: small_weights()})
    with model_hub() as hub:
        offer(hub, model_file().read_bytes())
        asking = environment(data, 1, HF_ENDPOINT=hub.url, HF_HUB_OFFLINE=0, HF_HOME=data.parent / "hf")
        got = commands.run_alone("-m", "agents.models", "get", NAME, env=asking, cwd=data.parent)
    assert (got.returncode, got.stderr) == (0, "")
    with serve(data, **SETTINGS) as running:
        yield running


def wait_for(server: Server, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask for the model's health until it is as wanted; the test's own time limit bounds the wait."""
    with server.client() as client:
        while True:
            (model,) = client.get("/health").json()["models"]
            if wanted(model):
                return dict(model)


def wait_until_ready(server: Server) -> None:
    wait_for(server, lambda model: model["state"] == "ready" and model["breaker"] == "closed")


def model_process(server: Server) -> psutil.Process:
    children = psutil.Process(server.process.pid).children(recursive=True)
    (found,) = [child for child in children if "serve.py" in " ".join(child.cmdline())]
    return found


def answered_by(events: list[dict[str, Any]]) -> set[str]:
    steps = {
        event["step_id"]: event["step_name"]
        for event in events
        if event["type"] == "trace_start" and event["step_type"] in ("generate", "retry")
    }
    return {
        steps[event["step_id"]]
        for event in events
        if event["type"] == "trace_end" and event["step_id"] in steps and event["status"] == "completed"
    }


def test_the_model_of_the_desk_answers(desk: Server) -> None:
    wait_until_ready(desk)
    events = ask(desk, BILLING, "local")
    assert events[-1]["type"] == "done", events[-1]
    assert answered_by(events) == {LOCAL}


def test_nobody_but_the_desk_may_ask_the_model(desk: Server) -> None:
    wait_until_ready(desk)
    process = model_process(desk)
    (port,) = {connection.laddr.port for connection in process.net_connections() if connection.status == "LISTEN"}
    (address,) = {connection.laddr.ip for connection in process.net_connections() if connection.status == "LISTEN"}
    assert address == "127.0.0.1"
    asked = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as stranger:
        assert stranger.post("/v1/chat/completions", json=asked).status_code == httpx.codes.UNAUTHORIZED
        assert stranger.get("/slots").status_code != httpx.codes.OK
    assert not [name for name in process.environ() if "KEY" in name or "SECRET" in name]


def test_a_model_that_dies_in_mid_answer_costs_no_answer(desk: Server) -> None:
    wait_until_ready(desk)
    killed = model_process(desk)
    numbered: list[tuple[int | None, dict[str, Any]]] = []
    with desk.client() as client:
        body = {"message": PRIVACY, "session_id": "killed"}
        with client.stream("POST", "/chat/stream", json=body) as response:
            for number, event in frames(response):
                if event["type"] == "token" and killed.is_running():
                    killed.kill()
                    killed.wait()
                numbered.append((number, event))
    events = check_whole(numbered)
    assert events[-1]["type"] == "done"
    assert [event["type"] for event in events].count("reset") == 1
    reset = next(number for number, event in enumerate(events) if event["type"] == "reset")
    assert any(event["type"] == "token" for event in events[:reset])
    assert any(event["type"] == "token" for event in events[reset:])
    assert answered_by(events) == {"embedded"}
    wait_until_ready(desk)
    assert model_process(desk).pid != killed.pid
    assert answered_by(ask(desk, BILLING, "again")) == {LOCAL}


@pytest.mark.parametrize("end", [Server.kill, Server.interrupt])
def test_the_model_ends_with_the_desk(indexed: Path, tmp_path: Path, end: Callable[[Server], object]) -> None:
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    place_model(data / "models")
    with serve(data, **SETTINGS) as running:
        wait_until_ready(running)
        process = model_process(running)
        end(running)
        process.wait(30)


def test_a_process_that_still_loads_ends_with_the_desk(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held.gguf")
    order = {"path": str(tmp_path / "held.gguf"), "name": NAME, "window": 1024, "threads": 1, "key": "key"}
    process = subprocess.Popen([sys.executable, "-I", serve_module.__file__], stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(json.dumps(order).encode() + b"\n")
    process.stdin.flush()
    # Once llama.cpp is there it loads its model, a pipe to which nobody ever writes: opening that does not end.
    while "xllamacpp" not in Path(f"/proc/{process.pid}/maps").read_text():
        assert process.poll() is None
        time.sleep(0.01)
    process.stdin.close()
    assert process.wait(60) == 0


def test_a_model_that_is_not_there_is_named_and_answers_are_quoted(indexed: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    with serve(data, **{**SETTINGS, "WORKER_MODEL": "local:qwen3-4b,embedded"}) as running:
        model = wait_for(running, lambda model: model["state"] != "unchecked")
        assert "it is not downloaded: make model NAME=qwen3-4b" in model["reason"]
        with running.client() as client:
            assert client.get("/ready").status_code == httpx.codes.OK
        assert answered_by(ask(running, BILLING, "absent")) == {"embedded"}
