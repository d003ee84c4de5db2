"""One streaming call of a chat model: its pieces as they come, each within its deadline."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable

from agents.models.chunks import ModelChunk, ThinkingFilter, piece_of
from agents.models.failures import FailureKind, ModelFailure
from agents.models.provider import ModelProvider
from agents.models.request import ModelRequest
from agents.models.tool_calls import ToolCallReader
from agents.settings import AgentSettings

__all__ = ["ModelRequest", "StreamingCall", "failure_of"]

_LOG = logging.getLogger(__name__)

# How long to wait for the usage after a provider has ended its answer.
_COUNT_SECONDS = 1.0
# The extra time of a self-hosted server, in which it can be asked whether it is at work.
_ASKING_SECONDS = 1.5


class StreamingCall:
    """An answer as it is received."""

    def __init__(
        self, provider: ModelProvider, chat: BaseChatModel, ask: ModelRequest, settings: AgentSettings
    ) -> None:
        self.ask = ask
        self._provider = provider
        self._chat = chat
        self._settings = settings
        self._request = provider.convert_request(ask)
        self._thoughts = ThinkingFilter()
        self._calls = ToolCallReader(self._request.names)
        self.began = self.progress = time.monotonic()
        self.said = False
        self.visible = False
        self.finished = False

    async def stream_chunks(self, *, patient: bool) -> AsyncGenerator[ModelChunk]:
        """Yield the answer without its thoughts; raise `ModelFailure` if it does not come whole.

        A patient call goes on waiting for the first token while the server shows that it is at work.
        """
        try:
            async with self.open_deadline() as deadline:
                patience = asyncio.create_task(self._wait_while_alive(deadline)) if patient else None
                try:
                    async with aclosing(self._receive_messages()) as messages:
                        async for message in messages:
                            piece = self._convert_message(message)
                            if patience and self.said:
                                patience.cancel()
                            due = deadline.when()
                            # Time that the reader takes is not the provider's.
                            deadline.reschedule(None)
                            yield piece
                            deadline.reschedule(self._next_deadline(due))
                finally:
                    if patience:
                        patience.cancel()
        except TimeoutError as error:
            if not deadline.expired():
                raise
            if not self.finished:
                raise ModelFailure(FailureKind.STALLED if self.said else FailureKind.TIMED_OUT) from error
        except Exception as error:  # an SDK may raise anything over a strange answer; it becomes a failure here
            failure = failure_of(error, self._provider, said=self.said)
            # An answer that has said why it ends is whole, whatever breaks behind it.
            if not self.finished:
                raise failure from error
        self._check_whole()

    def open_deadline(self) -> asyncio.Timeout:
        """Return the deadline of the call, which is moved with each piece; a test may expire it at any time."""
        return asyncio.timeout(self._settings.model_first_token_seconds)

    def _check_whole(self) -> None:
        if not self.finished:
            raise ModelFailure(FailureKind.BROKEN, "no finish reason")
        if self._thoughts.is_thinking and not self._calls.count:
            raise ModelFailure(FailureKind.BAD_ANSWER, "it ends within a thought")
        if not self.visible and not self.ask.may_be_silent:
            raise ModelFailure(FailureKind.BAD_ANSWER, "it is empty")

    def _convert_message(self, message: AIMessage) -> ModelChunk:
        piece = piece_of(message)
        calls = self._calls.read_message(message) if self.ask.tools else ()
        text = self._thoughts.filter_text(piece.text) + (self._thoughts.take_rest() if piece.finish else "")
        self.progress = time.monotonic()
        self.finished = self.finished or piece.finish is not None
        self.said = self.said or bool(message.content or piece.arguments or calls or piece.finish)
        self.visible = self.visible or bool(text.strip() or piece.arguments or calls)
        arguments = "" if self.ask.tools else piece.arguments
        # Some servers end an answer in which tools are called as they end any other.
        finish = "tool_calls" if self._calls.count and piece.finish == "stop" else piece.finish
        return ModelChunk(text, arguments, piece.usage, finish, calls)

    def _next_deadline(self, due: float | None) -> float | None:
        if not self.said:
            return due
        wait = _COUNT_SECONDS if self.finished else self._settings.model_idle_seconds
        return asyncio.get_running_loop().time() + wait

    async def _receive_messages(self) -> AsyncGenerator[AIMessage]:
        messages, options = self._request.messages, self._request.options
        if self.ask.tool:
            yield cast(AIMessage, await self._with_tool(self.ask.tool).ainvoke(messages, **options))
        elif self.ask.whole:
            yield await self._chat.ainvoke(messages, **options)
        else:
            async with aclosing(cast(AsyncGenerator[AIMessage], self._chat.astream(messages, **options))) as chunks:
                async for chunk in chunks:
                    yield chunk

    def _with_tool(self, tool: dict[str, Any]) -> Runnable[Any, Any]:
        try:
            return self._chat.bind_tools([tool], tool_choice="any")
        except (ValueError, NotImplementedError) as error:
            raise ModelFailure(FailureKind.BAD_REQUEST, "it cannot be made to call a tool") from error

    async def _wait_while_alive(self, deadline: asyncio.Timeout) -> None:
        """Extend the deadline while a self-hosted server, which may read a long prompt slowly, still answers checks."""
        now = asyncio.get_running_loop().time
        wait, last = self._settings.model_first_token_seconds, now() + self._settings.model_server_first_token_seconds
        while now() < last:
            deadline.reschedule(min(now() + wait + _ASKING_SECONDS, last))
            await asyncio.sleep(wait)
            if not await self._provider.is_working():
                deadline.reschedule(now())
                return


def failure_of(error: Exception, provider: ModelProvider | None, *, said: bool = False) -> ModelFailure:
    """Map an error to a failure. An unforeseen one counts as a broken answer, and is logged as an error."""
    failure = provider.map_error(error) if provider else None
    if failure is None:
        _LOG.error("a model failed in a way that is not known", exc_info=error)
        return ModelFailure(FailureKind.BROKEN, type(error).__name__)
    if failure.kind is FailureKind.STALLED and not said:
        # A library's own deadline: it broke off an answer that had not begun.
        return ModelFailure(FailureKind.TIMED_OUT, failure.detail)
    return failure
