"""A desk that is killed while a model answers without an agent: the answer begins anew, and the session goes on."""

from pathlib import Path
from typing import Any

from tests.provided import PATIENT, at_openai, no_profile
from tests.providers.openai import OpenAIServer
from tests.providers.script import Called, Fault, Script
from tests.providers.strict import mistakes
from tests.serving import serve
from tests.sse import check_whole, frames, text_of

TOOL = {"type": "function", "function": {"name": "look"}}


def test_what_was_cut_off_is_withdrawn_and_said_again(data_dir: Path, tmp_path: Path) -> None:
    asked = {"message": "Hello?", "tools": [TOOL]}
    with OpenAIServer(Script(fault=Fault.STALL, at=3, tokens=(), calls=(Called("look", '{"at": 17}'),))) as cloud:
        settings: dict[str, Any] = {**at_openai(cloud), **no_profile(tmp_path), "SUPERVISOR_MODEL": "embedded"}
        settings |= PATIENT
        with (
            serve(data_dir, **settings) as desk,
            desk.client() as client,
            client.stream("POST", "/api/llm/chat/session/stream", json={"session_id": "s", **asked}) as response,
        ):
            run_id = response.headers["X-Generation-ID"]
            assert next(frames(response))[1]["tool_call"]["name"] == "look"
            desk.kill()
        cloud.script = Script()
        with serve(data_dir, **settings) as desk, desk.client() as client:
            with client.stream("GET", f"/runs/{run_id}/stream") as response:
                events = check_whole(list(frames(response)))
            run = client.get(f"/runs/{run_id}").json()
            again = client.post("/api/llm/chat/session", json={"session_id": "s", "message": "And?"}).json()
    kinds = [event["type"] for event in events]
    assert kinds.index("tool_call") < kinds.index("reset") < kinds.index("token")
    assert (kinds[-1], text_of(events), run["answer"], run["attempts"]) == ("done", *["Hello world."] * 2, 2)
    assert again["content"] == "Hello world."
    assert mistakes(cloud.requests[-1].body) == []
    assert "tool_calls" not in str(cloud.requests[-1].body["messages"])
