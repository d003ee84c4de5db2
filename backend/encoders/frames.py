"""The stream frames of the generation gateway and the model endpoints, for the OpenAPI document."""

from typing import Literal

from pydantic import BaseModel, TypeAdapter

from agents.direct_completion import CalledTool
from backend.encoders.base import FinishedRun
from frontdesk.contracts.base import Problem
from frontdesk.contracts.events import Usage


class Generation(FinishedRun):
    """A complete text, and its usage."""

    text: str
    generation_id: str


class GatewayToken(BaseModel):
    """The next piece, and the text so far. With `reset`, which gives the reason, the text begins anew."""

    token: str
    text: str
    reset: str | None = None


class GatewayFinal(BaseModel):
    """The last frame of a complete text."""

    final: Literal[True]
    text: str
    usage: Usage
    generation_id: str
    cost_usd: float
    finish_reason: str


class GatewayCancelled(BaseModel):
    """The last frame of a generation that was stopped, with its text so far."""

    cancelled: Literal[True]
    text: str
    generation_id: str


class GatewayFailed(BaseModel):
    """The last frame of a generation that failed."""

    error: Problem
    generation_id: str


class LlmContent(BaseModel):
    """The next piece of the model's answer."""

    content: str


class CallPiece(BaseModel):
    """A piece of a tool call: id and name first, then the arguments."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class LlmToolCall(BaseModel):
    """A piece of the model's call of a tool."""

    tool_call: CallPiece


class LlmReset(BaseModel):
    """The withdrawal of the answer so far, and the reason."""

    reset: str


class LlmDone(BaseModel):
    """The last frame of a complete answer."""

    done: Literal[True]
    usage: Usage
    cost_usd: float
    run_id: str
    finish_reason: str
    session_id: str
    tool_calls: list[CalledTool]


class LlmCancelled(BaseModel):
    """The last frame of an answer that was stopped."""

    cancelled: Literal[True]
    run_id: str


class LlmFailed(BaseModel):
    """The last frame of an answer that failed. A run that could not be stored has no id."""

    error: Problem
    run_id: str | None = None


GATEWAY_FRAMES: TypeAdapter[GatewayToken | GatewayFinal | GatewayCancelled | GatewayFailed] = TypeAdapter(
    GatewayToken | GatewayFinal | GatewayCancelled | GatewayFailed
)
LLM_FRAMES: TypeAdapter[LlmContent | LlmToolCall | LlmReset | LlmDone | LlmCancelled | LlmFailed] = TypeAdapter(
    LlmContent | LlmToolCall | LlmReset | LlmDone | LlmCancelled | LlmFailed
)
