"""A local model as a provider: llama.cpp's OpenAI protocol, at an address that changes with every start."""

import httpx2

from agents.models.failures import ModelFailure
from agents.models.local.server import LocalServer
from agents.models.model_name import ModelName
from agents.models.openai.provider import OpenAIProvider
from agents.settings import AgentSettings

# Every request is sent to the port of the moment.
_URL = "http://127.0.0.1/v1"


class LocalProvider(OpenAIProvider):
    """The provider of a model that the desk runs."""

    trusts_proxies = False

    def __init__(self, server: LocalServer, settings: AgentSettings) -> None:
        super().__init__(ModelName("openai-compatible", server.name, _URL), settings)
        self._server = server

    def map_error(self, error: Exception) -> ModelFailure | None:
        """Map an error to a failure: to why there is no process to ask, if that is its cause."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ModelFailure):
                return cause
            cause = cause.__cause__
        return super().map_error(error)

    async def _send_own_headers(self, request: httpx2.Request) -> None:
        address = self._server.address
        request.url = request.url.copy_with(port=address.port)
        await super()._send_own_headers(request)
        request.headers["authorization"] = f"Bearer {address.key}"
