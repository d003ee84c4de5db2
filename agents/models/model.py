"""A model as chains see it: whether it may be called now, how its calls went so far, and its next answer."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress

from langchain_core.language_models import BaseChatModel

from agents.models.allowance import call_of
from agents.models.chunks import ModelChunk
from agents.models.circuit_breaker import BreakerState, CircuitBreaker
from agents.models.context_window import CLOUD_TOKENS, CachedWindow, ContextWindow
from agents.models.failures import FailureKind, FailureScope, ModelFailure
from agents.models.model_name import ModelName
from agents.models.provider import ModelProvider
from agents.models.streaming_call import ModelRequest, StreamingCall, failure_of
from agents.privacy.masking import Mask, Unmasking, mask_request
from agents.settings import AgentSettings

_LOG = logging.getLogger(__name__)

# Keys come and go seldom, and looking for them may ask the network of this machine.
_LOOK_AGAIN_SECONDS = 30.0
# The deadline for finding keys, in files and at the machine's own role; it includes the SDK's import.
_OPENING_SECONDS = 10.0
# The deadline for a server to report its model's context window.
_WINDOW_SECONDS = 1.0
_LASTING = frozenset(
    {
        FailureKind.NO_CREDENTIALS,
        FailureKind.REFUSED,
        FailureKind.UNKNOWN_MODEL,
        FailureKind.LOADING,
        FailureKind.UNREACHABLE,
    }
)
_COSTLY = frozenset({FailureKind.TIMED_OUT, FailureKind.STALLED, FailureKind.UNREACHABLE})
# After these a server may come back with another context window, or has shown that its window differs.
_CHANGING = frozenset({FailureKind.TOO_LONG, FailureKind.UNREACHABLE, FailureKind.LOADING})
# Failures that are over once a server lists its models again.
_OVER_WHEN_SEEN = frozenset(
    {FailureKind.UNREACHABLE, FailureKind.LOADING, FailureKind.TIMED_OUT, FailureKind.STALLED, FailureKind.SERVER_ERROR}
)


class Model:
    """A model, shared by every chain that names it."""

    def __init__(
        self, name: ModelName, make: Callable[[], ModelProvider], endpoint: CircuitBreaker, settings: AgentSettings
    ) -> None:
        self.name = name
        self.last: ModelFailure | None = None
        self.answered = False
        self._settings = settings
        self._breakers = {FailureScope.PROVIDER: endpoint, FailureScope.MODEL: CircuitBreaker()}
        self._opening = asyncio.Lock()
        self._make = make
        self._provider: ModelProvider | None = None
        self._chat: BaseChatModel | None = None
        self._missing: ModelFailure | None = None
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._window = CachedWindow(self._ask_window)

    @property
    def breaker(self) -> BreakerState:
        """The stricter state of the provider's breaker and the model's own; it decides whether calls go through."""
        states = {breaker.state for breaker in self._breakers.values()}
        return next(
            state for state in (BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED) if state in states
        )

    @property
    def state(self) -> str:
        """`ready`, `unchecked`, or the kind of failure of the last call."""
        if self.last:
            return self.last.kind
        return "ready" if self.answered else "unchecked"

    @property
    def is_keyless(self) -> bool:
        """True if there is no key to call the model with, as far as is known."""
        return self._missing is not None

    @property
    def known_failure(self) -> ModelFailure | None:
        """The reason why the next call would fail or not be made. One answer that went wrong is no sign of it."""
        return self.held_back() or (self.last if self.last and self.last.kind in _LASTING else None)

    def held_back(self) -> ModelFailure | None:
        """Return the failure that keeps the model from being called now, or None."""
        if self._missing:
            if time.monotonic() > self._looked_at + _LOOK_AGAIN_SECONDS:
                self._looked_at = time.monotonic()
                self._looking = asyncio.create_task(self._look_for_keys())
            return self._missing
        held = next((breaker for breaker in self._breakers.values() if breaker.state is BreakerState.OPEN), None)
        return held.cause if held else None

    async def ask(self, ask: ModelRequest) -> AsyncGenerator[ModelChunk]:
        """Yield the answer piece by piece; raise `ModelFailure` if it does not come whole."""
        provider, chat = await self._open_provider()
        if masked := await self._mask_request(ask):
            ask = masked.ask
        unmasking = Unmasking(masked.values) if masked else None
        call = StreamingCall(provider, chat, ask, self._settings)
        async with (
            call_of(self.name, ask, self._settings.model_max_tokens) as cost,
            aclosing(self._stream_call(call)) as pieces,
        ):
            async for piece in pieces:
                if cost:
                    cost.count_chunk(piece)
                yield unmasking.restore_chunk(piece) if unmasking else piece

    async def _stream_call(self, call: StreamingCall) -> AsyncGenerator[ModelChunk]:
        self._admit_call(call)
        try:
            async with aclosing(call.stream_chunks(patient=self.name.is_self_hosted)) as pieces:
                async for piece in pieces:
                    if call.visible:
                        self._for_each_breaker(lambda breaker: breaker.confirm_probe(call))
                    yield piece
        except ModelFailure as failure:
            self.last = failure
            if failure.kind in _CHANGING:
                self._window.mark_stale()
            if blamed := self._breakers.get(failure.consequence.blame):
                blamed.record_failure(call, failure, since=call.progress, costly=failure.kind in _COSTLY)
            raise
        else:
            self._record_success(call.began)
        finally:
            self._for_each_breaker(lambda breaker: breaker.release_call(call))

    async def window(self) -> ContextWindow | None:
        """Return the context window of the model, or None if there is no key to ask it with."""
        if not self.held_back():
            await self._window.refresh_number()
        if self._missing:
            return None
        known = self._window.known
        assumed = self._settings.model_server_window if self.name.is_self_hosted else CLOUD_TOKENS
        return ContextWindow(self.name, known or assumed, self._settings.model_max_tokens, assumed=not known)

    async def check(self) -> None:
        """Send the smallest possible request, and remember the result; raise `ModelFailure` if it fails."""
        began = time.monotonic()
        await self._call_provider(lambda provider: provider.check())
        self._record_success(began)

    async def check_presence(self) -> None:
        """Find out as cheaply as possible whether the model is there; raise `ModelFailure` if it is not."""
        known = self.last
        try:
            await self._call_provider(lambda provider: provider.check_presence())
        except ModelFailure:
            # A missing model says more than a server that is slow to list its models.
            if known and self.name.is_self_hosted and known.kind not in _OVER_WHEN_SEEN:
                self.last = known
            raise
        if self.last and (self.last.kind in _OVER_WHEN_SEEN or not self.name.is_self_hosted):
            self.last = None
            self._record_success(time.monotonic())

    async def close(self) -> None:
        """Cancel background work and close the provider."""
        if self._looking:
            self._looking.cancel()
        self._window.close()
        if self._provider:
            await self._provider.close()

    async def _mask_request(self, ask: ModelRequest) -> Mask | None:
        """Mask personal data in a request; None if nothing is masked."""
        if self._settings.mask_personal_data == "off" or not self.name.is_cloud:
            return None
        masked = await mask_request(ask)
        if not masked.values:
            return None
        if ask.on_masked:
            ask.on_masked(str(masked))
        return masked

    async def _call_provider(self, work: Callable[[ModelProvider], Awaitable[None]]) -> None:
        seconds = self._settings.model_connect_seconds + self._settings.model_first_token_seconds
        try:
            provider, _ = await self._open_provider()
            async with asyncio.timeout(seconds):
                await work(provider)
        except TimeoutError as error:
            self.last = ModelFailure(FailureKind.TIMED_OUT)
            raise self.last from error
        except Exception as error:  # as when a model is asked: whatever it is, it is what is wrong with this model
            self.last = failure_of(error, self._provider)
            raise self.last from error

    async def _ask_window(self) -> int | None:
        try:
            provider, _ = await self._open_provider()
            async with asyncio.timeout(_WINDOW_SECONDS):
                return await provider.window()
        except (TimeoutError, ModelFailure) as error:
            reason = str(error) or "took too long"
        except Exception as error:  # noqa: BLE001 - no question fails for it; unforeseen errors are logged
            reason = str(failure_of(error, self._provider))
        _LOG.info("model %s did not say how much it reads: %s", self.name, reason)
        return None

    def _admit_call(self, call: StreamingCall) -> None:
        closed = [breaker for breaker in self._breakers.values() if not breaker.admit_call(call)]
        if closed and closed[0].cause:
            self._for_each_breaker(lambda breaker: breaker.release_call(call))
            raise closed[0].cause

    def _record_success(self, began: float) -> None:
        self.answered, self.last = True, None
        self._for_each_breaker(lambda breaker: breaker.record_success(began=began))

    def _for_each_breaker(self, what: Callable[[CircuitBreaker], None]) -> None:
        for breaker in self._breakers.values():
            what(breaker)

    async def _open_provider(self) -> tuple[ModelProvider, BaseChatModel]:
        if self._provider and self._chat:
            return self._provider, self._chat
        try:
            async with asyncio.timeout(_OPENING_SECONDS), self._opening:
                if self._provider is None:
                    # This imports the provider's SDK, which takes a second.
                    self._provider = await asyncio.to_thread(self._make)
                self._looked_at = time.monotonic()
                self._chat = await self._provider.open_chat()
                self._missing = None
                return self._provider, self._chat
        except TimeoutError as error:
            raise ModelFailure(FailureKind.NO_CREDENTIALS, "looking for them takes too long") from error
        except Exception as error:  # an SDK that is missing or broken, files it cannot read: the next model answers
            self.last = failure_of(error, self._provider)
            if self.last.kind is FailureKind.NO_CREDENTIALS:
                self._missing = self.last
            raise self.last from error

    async def _look_for_keys(self) -> None:
        """Look for keys in the background: questions that come meanwhile are answered by another model."""
        with suppress(ModelFailure):
            await self._open_provider()
