"""Model servers that run on this machine already, at their usual ports. They are named, never used unasked."""

import asyncio
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from agents.errors import ModelNameInvalid
from agents.models.model_name import EMBEDDED, ModelName, parse_model

USUAL_PORTS = (("Ollama", 11434), ("LM Studio", 1234), ("llama.cpp", 8080))
_SECONDS = 0.3
_MOST_BYTES = 64_000
_MOST_MODELS = 50


@dataclass(frozen=True)
class FoundServer:
    """A model server of this machine, and the models that can be asked there."""

    kind: str
    url: str
    models: tuple[ModelName, ...]

    @property
    def setting(self) -> str:
        """The line that makes the desk use its first model."""
        return f"WORKER_MODEL={self.models[0]},{EMBEDDED}"

    def __str__(self) -> str:
        return f"{self.kind} answers at {self.url}; to use it: {self.setting}"


async def find_servers(ports: Sequence[tuple[str, int]] = USUAL_PORTS) -> list[FoundServer]:
    """Ask the usual ports of this machine for their models, all at once and only for a moment."""
    # Plain HTTP to this machine: no certificates, no proxy, and nowhere else.
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx.AsyncClient(verify=plain, trust_env=False, follow_redirects=False, timeout=_SECONDS) as http:
        found = await asyncio.gather(*(_ask_port(http, kind, port) for kind, port in ports))
    return [server for server in found if server]


async def _ask_port(http: httpx.AsyncClient, kind: str, port: int) -> FoundServer | None:
    """Return the server at a port, or None if what is there lists no models in time."""
    url = f"http://127.0.0.1:{port}/v1"
    try:
        async with asyncio.timeout(_SECONDS), http.stream("GET", f"{url}/models") as response:
            if response.status_code != httpx.codes.OK:
                return None
            page = b""
            async for chunk in response.aiter_bytes(4096):
                page += chunk
                if len(page) > _MOST_BYTES:
                    return None
        models = _models_of(json.loads(page), url)
    except (TimeoutError, httpx.HTTPError, ValueError, RecursionError):
        return None
    return FoundServer(kind, url, models) if models else None


def _models_of(page: object, url: str) -> tuple[ModelName, ...]:
    """Return the models of a list that can be named in a setting, but for those that only embed."""
    cards = page.get("data") if isinstance(page, dict) else None
    names = [card.get("id") for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    models = (ModelName("openai-compatible", name, url) for name in names[:_MOST_MODELS] if isinstance(name, str))
    return tuple(model for model in models if model.model and "embed" not in model.model and _can_be_named(model))


def _can_be_named(model: ModelName) -> bool:
    """Return True if a setting with that name means that model, whatever characters the server put into it."""
    try:
        return parse_model(str(model)) == model
    except ModelNameInvalid:
        return False
