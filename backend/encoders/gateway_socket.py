"""The generation gateway's form over a WebSocket: each frame names its generation."""

from collections.abc import Sequence

from backend.encoders.encoder import FrameEncoder
from backend.encoders.gateway import GatewayEncoder
from backend.storage.runs import StoredRun
from frontdesk.contracts.events import Event
from frontdesk.contracts.gateway import (
    GatewayCancelled,
    GatewayFailed,
    GatewayFinal,
    GatewayFrame,
    GatewayToken,
    GenerationFrame,
    SocketCancelled,
    SocketFailed,
    SocketFinal,
    SocketStarted,
    SocketToken,
)


class SocketEncoder(FrameEncoder[GenerationFrame]):
    """The form of `SocketFrame` in the OpenAPI document; `request_id` is the client's own name for the generation."""

    def __init__(self, run: StoredRun, request_id: str | None) -> None:
        super().__init__(run)
        self._request_id = request_id
        self._gateway = GatewayEncoder(run)

    def begin(self) -> SocketStarted:
        """Return the frame before the first event."""
        return SocketStarted(generation_id=self.run.id, request_id=self._request_id)

    async def encode(self, event: Event) -> Sequence[GenerationFrame]:
        """Return the gateway's frames, named."""
        return [self._named(frame) for frame in await self._gateway.encode(event)]

    def _named(self, frame: GatewayFrame) -> GenerationFrame:
        generation, request = self.run.id, self._request_id
        match frame:
            case GatewayToken():
                return SocketToken(
                    generation_id=generation, request_id=request, token=frame.token, text=frame.text, reset=frame.reset
                )
            case GatewayFinal():
                return SocketFinal(
                    generation_id=generation,
                    request_id=request,
                    final=True,
                    text=frame.text,
                    usage=frame.usage,
                    cost_usd=frame.cost_usd,
                    finish_reason=frame.finish_reason,
                )
            case GatewayCancelled():
                return SocketCancelled(generation_id=generation, request_id=request, cancelled=True, text=frame.text)
            case GatewayFailed():
                return SocketFailed(generation_id=generation, request_id=request, error=frame.error)
