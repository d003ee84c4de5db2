"""What the generation gateway writes: a complete text, the frames of a stream, and those of a WebSocket.

A field that is None is left out of a frame.
"""

from typing import Literal

from pydantic import TypeAdapter

from frontdesk.contracts.answers import FinishedRun
from frontdesk.contracts.base import Problem, Shape
from frontdesk.contracts.events import Usage


class GeneratedText(Shape):
    """A text and the id of its generation."""

    text: str
    generation_id: str


# The fields of the last base come first.
class Generation(FinishedRun, GeneratedText):
    """A complete text, and its usage."""


class GatewayToken(Shape):
    """The next piece, and the text so far. With `reset`, which gives the reason, the text begins anew."""

    token: str
    text: str
    reset: str | None = None


class GatewayFinal(Shape):
    """The last frame of a complete text."""

    final: Literal[True]
    text: str
    usage: Usage
    generation_id: str
    cost_usd: float
    finish_reason: str


class GatewayCancelled(Shape):
    """The last frame of a generation that was stopped, with its text so far."""

    cancelled: Literal[True]
    text: str
    generation_id: str


class GatewayFailed(Shape):
    """The last frame of a generation that failed."""

    error: Problem
    generation_id: str


class SocketGeneration(Shape):
    """The generation that a frame belongs to, and the client's own name for the message that asked for it."""

    generation_id: str
    request_id: str | None = None


class SocketStarted(Shape):
    """The first frame of a generation."""

    type: Literal["started"] = "started"
    generation_id: str
    request_id: str | None = None


class SocketToken(GatewayToken, SocketGeneration):
    """The next piece of a generation, and its text so far."""


class SocketFinal(GatewayFinal, SocketGeneration):
    """The last frame of a generation whose text is complete."""


class SocketCancelled(GatewayCancelled, SocketGeneration):
    """The last frame of a generation that was stopped, with its text so far."""


class SocketFailed(GatewayFailed, SocketGeneration):
    """The last frame of a generation that failed."""


class SocketStopped(Shape):
    """The reply to a message that stops a generation; the last frame of that generation tells how it ended."""

    type: Literal["cancel"] = "cancel"
    generation_id: str
    status: str
    request_id: str | None = None


class SocketRefused(Shape):
    """The reply to a message that nothing can be done about."""

    error: Problem
    request_id: str | None = None


class SocketPong(Shape):
    """The reply to a ping."""

    type: Literal["pong"] = "pong"


GatewayFrame = GatewayToken | GatewayFinal | GatewayCancelled | GatewayFailed
GenerationFrame = SocketToken | SocketFinal | SocketCancelled | SocketFailed
SocketFrame = SocketStarted | GenerationFrame | SocketStopped | SocketRefused | SocketPong

GATEWAY_FRAMES: TypeAdapter[GatewayFrame] = TypeAdapter(GatewayFrame)
SOCKET_FRAMES: TypeAdapter[SocketFrame] = TypeAdapter(SocketFrame)
