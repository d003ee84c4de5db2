"""What the generation gateway and the model alone say, frame by frame, for the OpenAPI document."""

from typing import Literal

from pydantic import BaseModel, TypeAdapter

from agents.direct_completion import CalledTool
from backend.api.deps import Problem
from backend.encoders.base import Whole
from frontdesk.contracts.events import Usage


class Generation(Whole):
    """A whole text, and what it took."""

    text: str
    generation_id: str


class GatewayToken(BaseModel):
    """The next piece, and the text so far. With `reset`, which says why, the text begins anew."""

    token: str
    text: str
    reset: str | None = None


class GatewayFinal(BaseModel):
    """The text is whole."""

    final: Literal[True]
    text: str
    usage: Usage
    generation_id: str
    cost_usd: float
    finish_reason: str


class GatewayCancelled(BaseModel):
    """The generation was stopped; this is what there was of it."""

    cancelled: Literal[True]
    text: str
    generation_id: str


class GatewayFailed(BaseModel):
    """There will be no whole text."""

    error: Problem
    generation_id: str


class LlmContent(BaseModel):
    """The next piece of what the model says."""

    content: str


class CallPiece(BaseModel):
    """A piece of a tool call: id and name first, then the arguments."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class LlmToolCall(BaseModel):
    """The model calls a tool."""

    tool_call: CallPiece


class LlmReset(BaseModel):
    """What was said so far is withdrawn, and why."""

    reset: str


class LlmDone(BaseModel):
    """The answer is whole."""

    done: Literal[True]
    usage: Usage
    cost_usd: float
    run_id: str
    finish_reason: str
    session_id: str
    tool_calls: list[CalledTool]


class LlmCancelled(BaseModel):
    """The answer was stopped."""

    cancelled: Literal[True]
    run_id: str


class LlmFailed(BaseModel):
    """There will be no whole answer. Of a run that could not be stored there is no id."""

    error: Problem
    run_id: str | None = None


GATEWAY_FRAMES: TypeAdapter[GatewayToken | GatewayFinal | GatewayCancelled | GatewayFailed] = TypeAdapter(
    GatewayToken | GatewayFinal | GatewayCancelled | GatewayFailed
)
LLM_FRAMES: TypeAdapter[LlmContent | LlmToolCall | LlmReset | LlmDone | LlmCancelled | LlmFailed] = TypeAdapter(
    LlmContent | LlmToolCall | LlmReset | LlmDone | LlmCancelled | LlmFailed
)
