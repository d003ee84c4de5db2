"""A chat model that follows a script, and a desk that uses it: `python -m tests.scripted`.

The question contains the script: "refunds, 500 tokens, 10 ms apart", "... then hang"; "0 tokens, count tasks" returns
the desk's number of asyncio tasks. Every prompt is recorded in a file beside the data, which outlives the desk.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
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
_COUNT = "count tasks"


class FollowsScript(StreamingModel):
    """A chat model that streams `word0 word1 ...` as the last message asks, and records that message."""

    asked: Path | None = None

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        script = messages[-1].text
        if self.asked:
            with self.asked.open("a", encoding="utf-8") as notes:
                notes.write(f"{script}\n")
        pause = int(found.group(1)) / 1000 if (found := _PAUSE.search(script)) else None
        for number in range(int(found.group(1)) if (found := _TOKENS.search(script)) else 3):
            if pause is not None:
                await asyncio.sleep(pause)
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"word{number} "))
        if _COUNT in script:
            yield ChatGenerationChunk(message=AIMessageChunk(content=str(len(asyncio.all_tasks()))))
        if "half a character" in script:
            yield ChatGenerationChunk(message=AIMessageChunk(content="\ud800"))
        if _HANG in script:
            await asyncio.Event().wait()
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata={"finish_reason": "stop"}))


def asked_of(data_dir: Path) -> list[str]:
    """Return the prompts of the model of a desk over that data, across restarts."""
    return _notes(data_dir).read_text(encoding="utf-8").splitlines()


def _notes(data_dir: Path) -> Path:
    return data_dir / "asked.txt"


if __name__ == "__main__":
    settings = Settings(
        supervisor_model="embedded",
        worker_model="openai:scripted",
        embedded_fallback=False,
        model_first_token_seconds=600,
        model_idle_seconds=600,
    )
    sys.exit(serve(settings, lambda name, _: ScriptedProvider(FollowsScript(asked=_notes(settings.data_dir)))))
