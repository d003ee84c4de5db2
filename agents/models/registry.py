"""Every model of a desk, each once: who shares a model shares its connections and its breakers."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from agents.models.breaker import Breaker
from agents.models.failures import Kind, ModelFailure
from agents.models.model import Model
from agents.models.names import EMBEDDED, ModelName
from agents.models.provider import Provider
from agents.settings import AgentSettings

_LOG = logging.getLogger(__name__)

# Whoever looks more often sees the same.
_SERVERS_SECONDS = 2.0

MakeProvider = Callable[[ModelName, AgentSettings], Provider]


def make_provider(name: ModelName, settings: AgentSettings) -> Provider:
    """The provider of a model. Its SDK is imported here, because each takes a second that others need not pay."""
    if name.provider == "bedrock":
        from agents.models.bedrock import BedrockProvider

        return BedrockProvider(name, settings)
    from agents.models.openai import OpenAIProvider

    return OpenAIProvider(name, settings)


class Models:
    """The models, opened and checked in the background, closed together."""

    def __init__(self, settings: AgentSettings, make: MakeProvider = make_provider) -> None:
        self._settings = settings
        self._make = make
        self._models: dict[ModelName, Model] = {}
        self._endpoints: dict[str, Breaker] = {}
        self._checking: asyncio.Task[None] | None = None
        self._servers_checked_at = float("-inf")

    @property
    def all(self) -> list[Model]:
        """Every model that some chain names."""
        return list(self._models.values())

    def get(self, name: ModelName) -> Model:
        """The model of that name."""
        assert name != EMBEDDED  # noqa: S101 - the embedded model has no provider
        if name not in self._models:
            # Whatever shares an address fails together.
            endpoint = self._endpoints.setdefault(name.url or name.provider, Breaker())
            self._models[name] = Model(name, partial(self._make, name, self._settings), endpoint, self._settings)
        return self._models[name]

    def check_in_background(self) -> None:
        """Find out what is there before the first question does."""
        self._checking = asyncio.create_task(self._check_all(self.all))

    async def check_servers(self) -> None:
        """Ask the servers of one's own again how they are; the clouds are known by their answers."""
        if time.monotonic() < self._servers_checked_at + _SERVERS_SECONDS:
            return
        self._servers_checked_at = time.monotonic()
        await asyncio.gather(*(_check(model) for model in self.all if model.name.url))

    async def close(self) -> None:
        """Close every model."""
        if self._checking:
            self._checking.cancel()
            with suppress(asyncio.CancelledError):
                await self._checking
        for model in self.all:
            await model.close()

    async def _check_all(self, models: Sequence[Model]) -> None:
        for model, failure in zip(models, await asyncio.gather(*map(_check, models)), strict=True):
            if failure and failure.kind is not Kind.NO_CREDENTIALS:
                _LOG.warning("model %s %s", model.name, failure)


async def _check(model: Model) -> ModelFailure | None:
    try:
        await model.check()
    except ModelFailure as failure:
        return failure
    return None
