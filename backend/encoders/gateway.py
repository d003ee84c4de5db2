"""The generation gateway's form: each frame holds the text so far."""

from collections.abc import Sequence

from backend.encoders.encoder import FrameEncoder
from backend.storage.runs import StoredRun
from frontdesk.contracts.answers import Answer
from frontdesk.contracts.base import Problem
from frontdesk.contracts.events import Cancelled, Done, Error, Event, Reset, Token
from frontdesk.contracts.gateway import (
    GatewayCancelled,
    GatewayFailed,
    GatewayFinal,
    GatewayFrame,
    GatewayToken,
    Generation,
)


class GatewayEncoder(FrameEncoder[GatewayFrame]):
    """The form of `GatewayFrame` in the OpenAPI document."""

    def __init__(self, run: StoredRun) -> None:
        super().__init__(run)
        self._text = ""

    async def encode(self, event: Event) -> Sequence[GatewayFrame]:
        """Return the frame of a token, a reset or an end."""
        match event:
            case Token():
                self._text += event.content
                return [GatewayToken(token=event.content, text=self._text)]
            case Reset():
                self._text = ""
                return [GatewayToken(token="", text="", reset=event.reason)]
            case Done():
                return [self._final(event)]
            case Cancelled():
                return [GatewayCancelled(cancelled=True, text=self._text, generation_id=self.run.id)]
            case Error():
                problem = Problem(code=event.code, message=event.message, retryable=event.retryable)
                return [GatewayFailed(error=problem, generation_id=self.run.id)]
        return []

    def _final(self, done: Done) -> GatewayFinal:
        return GatewayFinal(
            final=True,
            text=self._text,
            usage=done.usage,
            generation_id=self.run.id,
            cost_usd=done.cost_usd,
            finish_reason=done.finish_reason,
        )


def generation_of(answer: Answer) -> Generation:
    """Return a complete answer under the names that the gateway has for its parts."""
    return Generation.model_validate({**dict(answer), "text": answer.answer, "generation_id": answer.run_id})
