"""A model as a chain sees it: whether it may be asked now, and its answer within its deadlines."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage

from agents.models.breaker import Breaker, State
from agents.models.failures import Blame, Kind, ModelFailure
from agents.models.names import ModelName
from agents.models.pieces import Piece, Unthinking, piece_of
from agents.models.provider import Provider
from agents.settings import AgentSettings

_LOG = logging.getLogger(__name__)

# Keys come and go seldom, and looking for them may ask the network of this machine.
_LOOK_AGAIN_SECONDS = 30.0
# A provider that has ended its answer is waited for this long to say what it counted.
_COUNT_SECONDS = 1.0
# How much longer than usual a server of one's own may take, so that it can be asked whether it is at work.
_ASKING_SECONDS = 1.5
_LASTING = frozenset({Kind.NO_CREDENTIALS, Kind.REFUSED, Kind.UNKNOWN_MODEL, Kind.LOADING, Kind.UNREACHABLE})
_COSTLY = frozenset({Kind.TIMED_OUT, Kind.STALLED, Kind.UNREACHABLE})


@dataclass(frozen=True)
class Ask:
    """What a chat model is asked: to write, or with a tool, to fill in a form at once."""

    messages: Sequence[AnyMessage]
    stable_prefix: bool = False
    tool: dict[str, Any] | None = None
    whole: bool = False


@dataclass(eq=False)
class _Call:
    """One answer as it comes in."""

    progress: float = field(default_factory=time.monotonic)
    said: bool = False
    finished: bool = False


class Model:
    """One model, shared by every chain that names it."""

    def __init__(
        self, name: ModelName, make: Callable[[], Provider], endpoint: Breaker, settings: AgentSettings
    ) -> None:
        self.name = name
        self.last: ModelFailure | None = None
        self.answered = False
        self._settings = settings
        self._breakers = {Blame.PROVIDER: endpoint, Blame.MODEL: Breaker()}
        self._opening = asyncio.Lock()
        self._make = make
        self._provider: Provider | None = None
        self._chat: BaseChatModel | None = None
        self._missing: ModelFailure | None = None
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    @property
    def breaker(self) -> State:
        """Whether calls go through: the stricter of the provider's breaker and the model's own."""
        states = {breaker.state for breaker in self._breakers.values()}
        return next(state for state in (State.OPEN, State.HALF_OPEN, State.CLOSED) if state in states)

    def held_back(self) -> ModelFailure | None:
        """Why the model is not asked now, if it is not."""
        if self._missing:
            if time.monotonic() > self._looked_at + _LOOK_AGAIN_SECONDS and not self._opening.locked():
                self._looking = asyncio.create_task(self._look_again())
            return self._missing
        held = next((breaker for breaker in self._breakers.values() if breaker.state is State.OPEN), None)
        return held.cause if held else None

    async def ask(self, ask: Ask) -> AsyncGenerator[Piece]:
        """The answer piece by piece; `ModelFailure` where it does not come whole."""
        call = _Call()
        self._enter(call)
        try:
            async with aclosing(self._within_deadlines(ask, call)) as pieces:
                async for piece in pieces:
                    yield piece
        except ModelFailure as failure:
            self._fail(call, failure)
            raise
        else:
            self.answered, self.last = True, None
            for breaker in self._breakers.values():
                breaker.succeed(call)
        finally:
            self._leave(call)

    @property
    def state(self) -> str:
        """`ready`, `unchecked`, or what kind of failure the last call was."""
        if self.last:
            return self.last.kind
        return "ready" if self.answered else "unchecked"

    @property
    def failing(self) -> ModelFailure | None:
        """Why the next call would fail or not be made. One answer that went wrong does not tell."""
        return self.held_back() or (self.last if self.last and self.last.kind in _LASTING else None)

    async def check(self) -> None:
        """Ask as little as can be asked, and remember how that went; `ModelFailure` where it went wrong."""
        try:
            async with asyncio.timeout(self._settings.model_connect_seconds + self._settings.model_first_token_seconds):
                provider, _ = await self._open()
                await provider.check()
        except TimeoutError as error:
            self.last = ModelFailure(Kind.TIMED_OUT)
            raise self.last from error
        except ModelFailure as failure:
            self.last = failure
            raise
        self.answered, self.last = True, None

    async def close(self) -> None:
        """Let go of the provider."""
        if self._looking:
            self._looking.cancel()
        if self._provider:
            await self._provider.close()

    def _enter(self, call: _Call) -> None:
        closed = [breaker for breaker in self._breakers.values() if not breaker.admit(call)]
        if closed and closed[0].cause:
            self._leave(call)
            raise closed[0].cause

    def _leave(self, call: _Call) -> None:
        for breaker in self._breakers.values():
            breaker.release(call)

    def _fail(self, call: _Call, failure: ModelFailure) -> None:
        self.last = failure
        if breaker := self._breakers.get(failure.consequence.blame):
            breaker.fail(call, failure, since=call.progress, costly=failure.kind in _COSTLY)

    async def _within_deadlines(self, ask: Ask, call: _Call) -> AsyncGenerator[Piece]:
        thoughts = Unthinking()
        visible = False
        try:
            async with asyncio.timeout(self._settings.model_first_token_seconds) as deadline:
                async with aclosing(self._pieces(ask, call, deadline)) as pieces:
                    async for piece in pieces:
                        due = deadline.when()
                        # Time that the reader takes is not the provider's.
                        deadline.reschedule(None)
                        text = thoughts.hear(piece.text) + (thoughts.end() if piece.finish else "")
                        visible = visible or bool(text.strip() or piece.arguments)
                        yield Piece(text, piece.arguments, piece.usage, piece.finish)
                        deadline.reschedule(self._next_deadline(call, due))
        except TimeoutError as error:
            if not deadline.expired():
                raise
            if not call.finished:
                raise ModelFailure(Kind.STALLED if call.said else Kind.TIMED_OUT) from error
        except Exception as error:
            if not call.finished:
                raise self._failure(error, said=call.said) from error
        if not call.finished:
            raise ModelFailure(Kind.BROKEN, "no finish reason")
        if not visible:
            raise ModelFailure(Kind.BAD_ANSWER, "it is empty")

    def _failure(self, error: Exception, *, said: bool) -> ModelFailure:
        """What the error means. One that nobody foresaw is a broken answer too, and somebody should hear of it."""
        failure = self._provider.failure(error) if self._provider else None
        if failure and failure.kind is Kind.STALLED and not said:
            # A library's own deadline; what it broke off had not begun.
            failure = ModelFailure(Kind.TIMED_OUT, failure.detail)
        if failure is None:
            _LOG.error("model %s failed in a way that is not known", self.name, exc_info=error)
            failure = ModelFailure(Kind.BROKEN, type(error).__name__)
        return failure

    def _next_deadline(self, call: _Call, due: float | None) -> float | None:
        if not call.said:
            return due
        wait = _COUNT_SECONDS if call.finished else self._settings.model_idle_seconds
        return asyncio.get_running_loop().time() + wait

    async def _pieces(self, ask: Ask, call: _Call, deadline: asyncio.Timeout) -> AsyncGenerator[Piece]:
        """The chat model's own chunks, noted as they come."""
        patience = asyncio.create_task(self._wait_while_alive(deadline)) if self.name.url else None
        try:
            provider, chat = await self._open()
            async with aclosing(_messages(chat, ask, provider)) as messages:
                async for message in messages:
                    piece = piece_of(message)
                    call.progress = time.monotonic()
                    call.finished = call.finished or piece.finish is not None
                    call.said = call.said or bool(message.content or piece.arguments or piece.finish)
                    if call.said and patience:
                        patience.cancel()
                    yield piece
        finally:
            if patience:
                patience.cancel()

    async def _wait_while_alive(self, deadline: asyncio.Timeout) -> None:
        """A server of one's own may read a long prompt slowly; it is waited for as long as it answers to its name."""
        loop = asyncio.get_running_loop()
        wait, last = (
            self._settings.model_first_token_seconds,
            loop.time() + self._settings.model_server_first_token_seconds,
        )
        while loop.time() < last:
            deadline.reschedule(min(loop.time() + wait + _ASKING_SECONDS, last))
            await asyncio.sleep(wait)
            if not (self._provider and await self._provider.alive()):
                deadline.reschedule(loop.time())
                return

    async def _open(self) -> tuple[Provider, BaseChatModel]:
        async with self._opening:
            if self._provider is None:
                # This imports the provider's SDK, which takes a second.
                self._provider = await asyncio.to_thread(self._make)
            if self._chat is None:
                self._looked_at = time.monotonic()
                try:
                    self._chat, self._missing = await self._provider.open(), None
                except Exception as error:
                    failure = self._failure(error, said=False)
                    self._missing = self.last = failure if failure.kind is Kind.NO_CREDENTIALS else None
                    raise failure from error
            return self._provider, self._chat

    async def _look_again(self) -> None:
        """Nobody waits for this: whoever asks meanwhile is answered by another model."""
        with suppress(ModelFailure):
            await self._open()


async def _messages(chat: BaseChatModel, ask: Ask, provider: Provider) -> AsyncGenerator[AIMessage]:
    arranged = provider.arrange(ask.messages, stable_prefix=ask.stable_prefix)
    if ask.tool:
        yield await chat.bind_tools([ask.tool], tool_choice="any").ainvoke(arranged)
    elif ask.whole:
        yield await chat.ainvoke(arranged)
    else:
        async with aclosing(cast(AsyncGenerator[AIMessage], chat.astream(arranged))) as chunks:
            async for chunk in chunks:
                yield chunk
