"""A desk in a process of its own that uses loopback providers, with recognisable keys."""

from pathlib import Path
from typing import Any

import httpx

from tests.providers.loopback import LoopbackServer
from tests.serving import Server
from tests.sse import check_whole, frames

NOVA = "us.amazon.nova-lite-v1:0"
GPT = "gpt-4o-mini"
OPENAI_KEY = "sk-proj-Seeded0OpenAiKey1234567890abcdef"
AWS_KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIASEEDEDACCESSKEY1",
    "AWS_SECRET_ACCESS_KEY": "SeededSecret/Access+Key0123456789abcdefgh",
    "AWS_SESSION_TOKEN": "SeededSessionToken//////////0123456789abcdef==",
}
# Long timeouts, as a busy machine is slow: only tests of a silent provider should time out.
PATIENT = {"MODEL_CONNECT_SECONDS": 60, "MODEL_FIRST_TOKEN_SECONDS": 60, "MODEL_IDLE_SECONDS": 60}
# A self-chosen key may look like the name of an error.
SERVICE_KEY = "correct_horse_battery_staple"
BILLING = "How long do refunds of duplicate charges take?"
TECHNICAL = "Why does the Upload API answer 413?"
GENERAL = "When is support open?"
PRIVACY = "Where is customer data stored and how is it encrypted at rest?"


def at_openai(server: LoopbackServer, key: str = OPENAI_KEY) -> dict[str, Any]:
    """Return the settings that direct a desk's OpenAI requests to that server."""
    return {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": key}


def at_bedrock(server: LoopbackServer) -> dict[str, Any]:
    """Return the settings that direct a desk's Bedrock requests to that server."""
    return {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url, **AWS_KEYS}


def no_profile(home: Path) -> dict[str, Any]:
    """Return settings that hide the AWS credentials of the user who runs the tests."""
    return {"AWS_CONFIG_FILE": str(home / "no-config"), "AWS_SHARED_CREDENTIALS_FILE": str(home / "no-credentials")}


def ask(server: Server, question: str, session: str) -> list[dict[str, Any]]:
    """Ask a question and return all events of the answer."""
    with server.client() as client:
        body = {"message": question, "session_id": session}
        with client.stream("POST", "/chat/stream", json=body) as response:
            assert response.status_code == httpx.codes.OK
            return check_whole(list(frames(response)))


def attempts(events: list[dict[str, Any]], agent: str | None) -> list[dict[str, Any]]:
    """Return the end of every attempt of a model to write (or, without an agent, to route)."""
    kinds = {
        event["step_id"]
        for event in events
        if event["type"] == "trace_start" and event["step_type"] in ("generate", "retry")
    }
    return [
        event
        for event in events
        if event["type"] == "trace_end" and event["step_id"] in kinds and event.get("agent") == agent
    ]
