"""Streams of OpenAI's SDK that leave nothing behind.

The SDK closes the response of an abandoned stream, but not the generators that read it: they wait, in a cycle or in the
frames of an error, for the garbage collector. That runs in an arbitrary thread, and ends some of them while the event
loop ends the others.
"""

from traceback import clear_frames
from types import TracebackType
from typing import Any

import openai
from openai.resources.chat import AsyncCompletions


class StreamedCompletions:
    """The SDK's chat completions, as a chat model calls them."""

    def __init__(self, completions: AsyncCompletions) -> None:
        self._completions: Any = completions

    def __getattr__(self, name: str) -> object:
        return getattr(self._completions, name)

    async def create(self, **payload: object) -> object:
        """Return the SDK's answer, or wrap its stream so that it is closed completely."""
        answer = await self._completions.create(**payload)
        return _OpenCompletion(answer) if isinstance(answer, openai.AsyncStream) else answer


class _OpenCompletion:
    """A stream that stays open until its context ends, however that comes about."""

    def __init__(self, stream: openai.AsyncStream[Any]) -> None:
        self._stream = stream

    async def __aenter__(self) -> "_OpenCompletion":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The SDK's public `close` does not reach its generator.
        await self._stream._iterator.aclose()  # type: ignore[attr-defined]
        clear_frames(trace)

    def __aiter__(self) -> "_OpenCompletion":
        return self

    async def __anext__(self) -> object:
        return await anext(self._stream)
