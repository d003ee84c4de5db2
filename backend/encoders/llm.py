"""The model endpoints' form: pieces of the answer and of tool calls, as the model writes them."""

from collections.abc import Awaitable, Callable, Sequence

from backend.encoders.encoder import FrameEncoder
from backend.storage.runs import StoredRun
from frontdesk.contracts.base import Problem
from frontdesk.contracts.events import Cancelled, Done, Error, Event, Reset, Token, ToolCall
from frontdesk.contracts.llm import (
    CalledTool,
    CallPiece,
    LlmCancelled,
    LlmContent,
    LlmDone,
    LlmFailed,
    LlmFrame,
    LlmReset,
    LlmToolCall,
)


class LlmEncoder(FrameEncoder[LlmFrame]):
    """The form of `LlmFrame` in the OpenAPI document; `calls` returns the tool calls of an answer that is complete."""

    def __init__(self, run: StoredRun, calls: Callable[[], Awaitable[list[CalledTool]]]) -> None:
        super().__init__(run)
        self._calls = calls

    async def encode(self, event: Event) -> Sequence[LlmFrame]:
        """Return the frame of a token, a tool call, a reset or an end."""
        match event:
            case Token():
                return [LlmContent(content=event.content)]
            case ToolCall():
                piece = CallPiece(index=event.index, id=event.id, name=event.name, arguments=event.arguments)
                return [LlmToolCall(tool_call=piece)]
            case Reset():
                return [LlmReset(reset=event.reason)]
            case Done():
                return [await self._done(event)]
            case Cancelled():
                return [LlmCancelled(cancelled=True, run_id=self.run.id)]
            case Error():
                problem = Problem(code=event.code, message=event.message, retryable=event.retryable)
                return [LlmFailed(error=problem, run_id=self.run.id)]
        return []

    async def _done(self, done: Done) -> LlmDone:
        return LlmDone(
            done=True,
            usage=done.usage,
            cost_usd=done.cost_usd,
            run_id=self.run.id,
            finish_reason=done.finish_reason,
            session_id=self.run.session_id,
            tool_calls=await self._calls(),
        )
