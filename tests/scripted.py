"""A chat model that follows a script, and a desk that it answers for: `python -m tests.scripted`.

The script stands in the question: "refunds, 500 tokens, 10 ms apart", "... then hang".
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from backend.server import serve
from backend.settings import Settings
from tests.streaming_model import ScriptedProvider, StreamingModel

_TOKENS = re.compile(r"(\d+) tokens")
_PAUSE = re.compile(r"(\d+) ms apart")
_HANG = "then hang"


class FollowsScript(StreamingModel):
    """Streams `word0 word1 ...` as the last message asks."""

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        script = messages[-1].text
        pause = int(found.group(1)) / 1000 if (found := _PAUSE.search(script)) else None
        for number in range(int(found.group(1)) if (found := _TOKENS.search(script)) else 3):
            if pause is not None:
                await asyncio.sleep(pause)
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"word{number} "))
        if "half a character" in script:
            yield ChatGenerationChunk(message=AIMessageChunk(content="\ud800"))
        if _HANG in script:
            await asyncio.Event().wait()
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata={"finish_reason": "stop"}))


if __name__ == "__main__":
    settings = Settings(
        supervisor_model="embedded",
        worker_model="openai:scripted",
        embedded_fallback=False,
        model_first_token_seconds=600,
        model_idle_seconds=600,
    )
    sys.exit(serve(settings, lambda name, settings: ScriptedProvider(FollowsScript())))
