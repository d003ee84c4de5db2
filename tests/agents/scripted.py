"""A chat model that says what a test tells it to, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from tests.streaming_model import StreamingModel

_MEETING_SECONDS = 10


class ModelBrokeOff(Exception):
    """What a scripted model raises when its script says so."""


class ScriptedModel(StreamingModel):
    """Streams the tokens of the agent it is asked to be; with a `meeting`, none before all writers are there."""

    tokens: dict[str, list[str]]
    meeting: asyncio.Barrier | None = None
    breaks_off: bool = False
    prompts: list[list[BaseMessage]] = Field(default_factory=list)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.prompts.append(messages)
        for token in self._tokens_for(messages[0].text):
            if self.meeting:
                async with asyncio.timeout(_MEETING_SECONDS):
                    await self.meeting.wait()
            yield ChatGenerationChunk(message=AIMessageChunk(content=token))
        if self.breaks_off:
            raise ModelBrokeOff("the model broke off")
        usage = UsageMetadata(input_tokens=100, output_tokens=10, total_tokens=110)
        yield ChatGenerationChunk(
            message=AIMessageChunk(content="", usage_metadata=usage, response_metadata={"finish_reason": "stop"})
        )

    def _tokens_for(self, system: str) -> list[str]:
        return next(said for agent, said in self.tokens.items() if system.startswith(f"You are the {agent} specialist"))
