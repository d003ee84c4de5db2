"""A chat model that obeys: it makes every call that what it reads orders, then tells all that it has read."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from tests.streaming_model import StreamingModel

# How the documents of these tests order a call: its name, then its arguments as they are to be sent.
_CALL = re.compile(r"^CALL (\S*) (.*)$", re.MULTILINE)
_SAY = re.compile(r"^SAY (.*)$", re.MULTILINE)


def call(name: str, **arguments: object) -> str:
    """An order that it obeys."""
    return f"CALL {name} {json.dumps(arguments)}"


class Obedient(StreamingModel):
    """Calls whatever evidence and results order, once each, and at the end says what it is to say and what it read."""

    prompts: list[list[BaseMessage]] = Field(default_factory=list)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.prompts.append(list(messages))
        rounds = sum(bool(getattr(message, "tool_calls", [])) for message in messages)
        ordered = _CALL.findall(_read(messages))
        calls = ordered[4 * rounds : 4 * rounds + 4]
        if calls and rounds < 4:
            yield _chunk("", calls=[_call(number, *order) for number, order in enumerate(calls)])
            yield _chunk("", finish="tool_calls")
            return
        yield _chunk("\n".join([*_SAY.findall(_read(messages)), _read(messages)]))
        yield _chunk("", finish="stop")


def _read(messages: Sequence[BaseMessage]) -> str:
    """All that it was given to read: the agent's prompt with the evidence, and what tools came to."""
    return "\n".join([messages[0].text, *(message.text for message in messages if isinstance(message, ToolMessage))])


def _call(number: int, name: str, arguments: str) -> ToolCallChunk:
    return ToolCallChunk(name=name, args=arguments, id=f"call{number}", index=number, type="tool_call_chunk")


def _chunk(text: str, finish: str = "", calls: Sequence[ToolCallChunk] = ()) -> ChatGenerationChunk:
    ending = {"finish_reason": finish} if finish else {}
    return ChatGenerationChunk(
        message=AIMessageChunk(content=text, tool_call_chunks=list(calls), response_metadata=ending)
    )
