"""What the model endpoints write: a complete answer, and the frames of a stream.

A field that is None is left out of a frame.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from frontdesk.contracts.base import Problem, Shape
from frontdesk.contracts.events import Usage


class CalledTool(BaseModel):
    """A tool call that a model has requested."""

    # A client sends it back with the next request.
    model_config = ConfigDict(strict=True)

    id: str = Field(min_length=1, max_length=200)
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    arguments: str = Field(default="", max_length=1_000_000)


class LlmAnswer(Shape):
    """The model's answer, or the tools that it calls."""

    content: str
    tool_calls: list[CalledTool]
    finish_reason: str
    usage: Usage
    cost_usd: float
    run_id: str
    session_id: str


class LlmContent(Shape):
    """The next piece of the model's answer."""

    content: str


class CallPiece(Shape):
    """A piece of a tool call: id and name first, then the arguments."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class LlmToolCall(Shape):
    """A piece of the model's call of a tool."""

    tool_call: CallPiece


class LlmReset(Shape):
    """The withdrawal of the answer so far, and the reason."""

    reset: str


class LlmDone(Shape):
    """The last frame of a complete answer."""

    done: Literal[True]
    usage: Usage
    cost_usd: float
    run_id: str
    finish_reason: str
    session_id: str
    tool_calls: list[CalledTool]


class LlmCancelled(Shape):
    """The last frame of an answer that was stopped."""

    cancelled: Literal[True]
    run_id: str


class LlmFailed(Shape):
    """The last frame of an answer that failed. A run that could not be stored has no id."""

    error: Problem
    run_id: str | None = None


LlmFrame = LlmContent | LlmToolCall | LlmReset | LlmDone | LlmCancelled | LlmFailed

LLM_FRAMES: TypeAdapter[LlmFrame] = TypeAdapter(LlmFrame)
