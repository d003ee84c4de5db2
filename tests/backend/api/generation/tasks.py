"""A desk of two users over a provider that does what the task says, for the tests of the generation gateway."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.users import digest_of
from tests.provided import GPT, PATIENT, at_openai, no_profile
from tests.providers.loopback import RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import Server, serve

ANN, BEN = "ann-0123456789", "ben-0123456789"
TASK = "Explain how refunds of duplicate charges are paid"
HELD = f"{TASK}, held"
BROKEN = f"{TASK}, broken"
REFUSED = f"{TASK}, refused"
FLOOD = f"{TASK}, flood"
TEXT = "Hello world."


def _as_asked(request: RecordedRequest) -> Script:
    """Script the provider: HELD stalls after three tokens, BROKEN resets the first model after two, FLOOD is long."""
    task = str(request.body["messages"][-1]["content"]) if request.body else ""
    if "held" in task:
        return Script(fault=Fault.STALL, at=3)
    if "refused" in task:
        return Script(fault=Fault.BAD_REQUEST)
    if "flood" in task:
        return Script(tokens=("x" * 10_000,) * 60, gap_seconds=0.001)
    if "broken" in task and request.body["model"] == GPT:
        return Script(fault=Fault.RESET, at=2)
    return Script()


@contextmanager
def generating(indexed: Path, base: Path, **settings: object) -> Iterator[Server]:
    """Start a desk that Ann operates and Ben may use, with two OpenAI models as writers."""
    data = Path(shutil.copytree(indexed, base / "data"))
    users = {"ann": ANN, "ben": BEN}
    keys = ",".join(f"{name}:sha256:{digest_of(key)}" for name, key in users.items())
    with OpenAIServer(_as_asked) as cloud:
        own: dict[str, Any] = {**at_openai(cloud), **no_profile(base), **PATIENT, "API_KEYS": keys, "RATE_LIMIT": ""}
        own |= {"OPERATORS": "ann"}
        own |= {"WORKER_MODEL": f"openai:{GPT},openai:gpt-4.1-mini", "EMBEDDED_FALLBACK": "false"}
        own |= {"SUPERVISOR_MODEL": "embedded", "ANSWER_THRESHOLD": 0}
        with serve(data, **own | settings) as desk:
            yield desk
