"""The registry of models, each created once: chains that share a model share its connections and its breakers."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

from agents.models.circuit_breaker import CircuitBreaker
from agents.models.failures import FailureKind, ModelFailure
from agents.models.local.server import LocalServer
from agents.models.model import Model
from agents.models.model_name import EMBEDDED, ModelName
from agents.models.provider import ModelProvider
from agents.settings import AgentSettings

_LOG = logging.getLogger(__name__)

# Results are reused for this long. Checking a cloud model means asking it.
_SERVER_SECONDS = 2.0
_CLOUD_SECONDS = 30.0

MakeProvider = Callable[[ModelName, AgentSettings], ModelProvider]


def make_provider(name: ModelName, settings: AgentSettings) -> ModelProvider:
    """Create the provider of a model. SDKs are imported here: each takes a second that others need not pay."""
    if name.provider == "bedrock":
        from agents.models.bedrock.provider import BedrockProvider

        return BedrockProvider(name, settings)
    from agents.models.openai.provider import OpenAIProvider

    return OpenAIProvider(name, settings)


def _make_local(server: LocalServer, settings: AgentSettings) -> ModelProvider:
    from agents.models.local.provider import LocalProvider

    return LocalProvider(server, settings)


class ModelRegistry:
    """The models of a desk, opened and checked in the background, closed together."""

    def __init__(self, settings: AgentSettings, make: MakeProvider = make_provider) -> None:
        self._settings = settings
        self._make = make
        self._models: dict[ModelName, Model] = {}
        self._endpoints: dict[str, CircuitBreaker] = {}
        self._servers: dict[ModelName, LocalServer] = {}
        self._checking: asyncio.Task[None] | None = None
        self._looked_at: dict[ModelName, float] = {}

    @property
    def all(self) -> list[Model]:
        """Every model that some chain names."""
        return list(self._models.values())

    def get(self, name: ModelName) -> Model:
        """Return the model with that name, and create it on first use."""
        assert name != EMBEDDED  # noqa: S101 - the embedded model has no provider
        if name not in self._models:
            if name.provider == "local":
                self._models[name] = self._run_local(name)
            else:
                # Models that share an address fail together.
                endpoint = self._endpoints.setdefault(name.url or name.provider, CircuitBreaker())
                self._models[name] = Model(name, partial(self._make, name, self._settings), endpoint, self._settings)
        return self._models[name]

    def local_state(self, name: ModelName) -> str | None:
        """Return `running`, or why a local model does not run; None if no chain names it."""
        server = self._servers.get(name)
        return server.state if server else None

    async def wait_for_local(self, name: ModelName) -> None:
        """Wait until a local model listens or is known not to; return at once for any other."""
        if server := self._servers.get(name):
            await server.wait_until_settled()

    def check_in_background(self) -> None:
        """Start checking every model, so that problems are known before the first question."""
        # Local models are checked once they are started.
        self._checking = asyncio.create_task(self._check_all([m for m in self.all if m.name not in self._servers]))

    async def check_servers(self) -> None:
        """Check self-hosted servers again, and less often cloud models that are known to fail."""
        now = time.monotonic()
        due = [model for model in self.all if now > self._looked_at.get(model.name, 0) + _check_pause(model)]
        self._looked_at |= dict.fromkeys((model.name for model in due), now)
        await asyncio.gather(*(_failure_or_none(model.check_presence()) for model in due))

    async def close(self) -> None:
        """Close every model."""
        if self._checking:
            self._checking.cancel()
            with suppress(asyncio.CancelledError):
                await self._checking
        await asyncio.gather(*(server.close() for server in self._servers.values()), return_exceptions=True)
        await asyncio.gather(*(model.close() for model in self.all), return_exceptions=True)

    def _run_local(self, name: ModelName) -> Model:
        """Create a local model, and begin to run its process."""
        server = self._servers[name] = LocalServer(name.model, self._settings)
        model = Model(name, partial(_make_local, server, self._settings), CircuitBreaker(), self._settings)
        server.start(lambda: self._check_all([model]))
        return model

    async def _check_all(self, models: Sequence[Model]) -> None:
        failures = await asyncio.gather(*(_failure_or_none(model.check()) for model in models))
        for model, failure in zip(models, failures, strict=True):
            if failure and failure.kind is not FailureKind.NO_CREDENTIALS:
                _LOG.warning("model %s %s", model.name, failure)


def _check_pause(model: Model) -> float:
    """Return the pause between two checks of a model. A cloud is checked only while it is known to fail."""
    if model.name.is_self_hosted:
        return _SERVER_SECONDS
    failing = model.known_failure
    return _CLOUD_SECONDS if failing and failing.kind is not FailureKind.NO_CREDENTIALS else float("inf")


async def _failure_or_none(work: Awaitable[None]) -> ModelFailure | None:
    try:
        await work
    except ModelFailure as failure:
        return failure
    return None
