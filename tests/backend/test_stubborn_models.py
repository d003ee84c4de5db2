"""Whole processes beside models that hang, are none, or are named with credentials that do not exist."""

import time
from pathlib import Path
from typing import Any

from tests.agents.models.test_check import check
from tests.provided import BILLING, NOVA, OPENAI_KEY, PATIENT, at_bedrock, at_openai, no_profile
from tests.providers.answers import RecordedRequest, Reply
from tests.providers.bedrock import BedrockServer
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import serve
from tests.sse import frames


class _WebPage(OpenAIServer):
    """What a browser would like."""

    def reply(self, request: RecordedRequest, script: Script) -> Reply:
        return Reply("text/html", body=b"<!doctype html><title>It works!</title>")


def test_a_desk_whose_model_hangs_before_its_headers_ends_when_it_is_told_to(data_dir: Path, tmp_path: Path) -> None:
    with BedrockServer(Script(fault=Fault.HANG)) as bedrock:
        settings: dict[str, Any] = {**at_bedrock(bedrock), **no_profile(tmp_path), **PATIENT, "SHUTDOWN_SECONDS": 2}
        settings |= {"INTERRUPTED_RUNS": "end"}
        settings |= {"WORKER_MODEL": f"bedrock:{NOVA}", "SUPERVISOR_MODEL": "embedded"}
        with (
            serve(data_dir, **settings) as desk,
            desk.client() as client,
            client.stream("POST", "/chat/stream", json={"message": BILLING}) as response,
        ):
            # The check of the background is one of them, and hangs as well.
            bedrock.wait_for_requests(2, timeout=20)
            began = time.monotonic()
            assert desk.interrupt() == 0
            assert time.monotonic() - began < 10
            events = [event for _, event in frames(response)]
        assert events[-1]["type"] == "cancelled"
        assert all(request.path.endswith(("/converse", "/converse-stream")) for request in bedrock.requests)


def test_a_web_page_fails_the_check_without_a_traceback(tmp_path: Path) -> None:
    with _WebPage() as page:
        supervisor = {"SUPERVISOR_MODEL": "embedded", "WORKER_MODEL": "embedded"}
        run = check(tmp_path, AI_SERVICE_URL=page.url, **supervisor)
    assert run.returncode == 1
    assert f"FAILED   openai-compatible:@{page.url}/v1  (for " in run.stdout
    assert "check that the address is that of a model server" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_a_profile_that_does_not_exist_fails_the_check(tmp_path: Path) -> None:
    run = check(tmp_path, AWS_PROFILE="nosuch", WORKER_MODEL="embedded", SUPERVISOR_MODEL=f"bedrock:{NOVA}")
    assert run.returncode == 1
    assert f"FAILED   bedrock:{NOVA}  (for supervisor)" in run.stdout
    assert "refused the credentials" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_a_key_with_a_line_break_fails_the_check_and_is_not_shown(tmp_path: Path) -> None:
    with OpenAIServer() as cloud:
        given = at_openai(cloud, key=f"{OPENAI_KEY}\nx")
        run = check(tmp_path, **given, WORKER_MODEL="openai:gpt-4o-mini", SUPERVISOR_MODEL="embedded")
        assert cloud.requests == []
    assert run.returncode == 1
    assert "FAILED   openai:gpt-4o-mini" in run.stdout
    assert "the key holds characters that no key has" in run.stdout
    assert OPENAI_KEY not in run.stdout + run.stderr
