"""The fallback loop over models: try, retry, go on to the next model, and record it in the trace.

Before a model has said anything the fallback is silent. After that its text is withdrawn, and the next model starts
over.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence, Set
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from agents.errors import ModelLoading, ModelsUnavailable
from agents.graph.answer_stream import Emit
from agents.models.failures import FailureKind, ModelFailure
from agents.models.model_name import ModelName
from agents.models.prices import cost_of
from agents.tracing import TraceStep, trace_step
from frontdesk.contracts.events import StepType, Usage

WHAT_TO_SET = "set OPENAI_API_KEY, AI_SERVICE_URL or WORKER_MODEL, see README.md"
_ATTEMPTS = 2
_FIRST_PAUSE_SECONDS = 0.15
# A user who would wait longer than this is better served by the next model.
_LONGEST_PAUSE_SECONDS = 0.5


class ChainLink(Protocol):
    """One model of a chain."""

    @property
    def name(self) -> ModelName: ...

    def held_back(self) -> ModelFailure | None:
        """Return the failure that keeps the model from being called now, or None."""


class ChainChunk(Protocol):
    """A piece of a model's output; one of the pieces may carry the usage."""

    @property
    def usage(self) -> Usage | None: ...


@dataclass(frozen=True)
class WithdrawnAnswer:
    """A withdrawal of all text so far: another model starts over."""

    reason: str
    model: str


@dataclass(frozen=True)
class ModelTrouble:
    """The reason why a model of the chain did not answer."""

    model: ModelName
    failure: ModelFailure

    def __str__(self) -> str:
        return f"{self.model.public_name} {self.failure}"


@dataclass
class FallbackTrace:
    """The trace of one walk along a chain: its attempts, and what went wrong."""

    emit: Emit
    agent: str | None
    parent: str
    silent: Set[ModelName] = frozenset()
    troubles: list[ModelTrouble] = field(default_factory=list)
    attempts: int = 0
    current: TraceStep | None = None

    def open_attempt(self, model: ModelName) -> AbstractContextManager[TraceStep]:
        """Open the step of one more attempt: the first is named for what it does, the others are retries."""
        if model in self.silent:
            return nullcontext(TraceStep("", self.agent, self.emit))
        self.attempts += 1
        kind: StepType = "generate" if self.attempts == 1 else "retry"
        return trace_step(
            self.emit, kind, model.public_name, agent=self.agent, parent=self.parent, number=self.attempts
        )

    def record_prompt(self, usage: Usage) -> None:
        """Record what the attempt is about to read: it is charged for even if nobody receives its end."""
        if self.current:
            self.current.emit_progress(0.0, usage)

    def note_masked(self, what: str) -> None:
        """Note in the attempt's step which personal data is hidden from the model."""
        if self.current:
            self.current.masked = what

    def passed_over(self) -> str | None:
        """Describe the models that were not asked or did not answer, and why."""
        return "; ".join(dict.fromkeys(str(trouble) for trouble in self.troubles)) or None


L = TypeVar("L", bound=ChainLink)
T = TypeVar("T", bound=ChainChunk)


async def in_turn(
    chain: Sequence[L], call: Callable[[L], AsyncGenerator[T]], trail: FallbackTrace
) -> AsyncGenerator[T | WithdrawnAnswer]:
    """Yield the whole output of the first model that can answer; raise `ModelsUnavailable` if none can."""
    broken: ModelTrouble | None = None
    for link in chain:
        for attempt in range(_ATTEMPTS):
            if held := link.held_back():
                trail.troubles.append(ModelTrouble(link.name, held))
                break
            if broken:
                yield WithdrawnAnswer(str(broken), link.name.public_name)
                broken = None
            spoken = False
            try:
                with trail.open_attempt(link.name) as current:
                    trail.current = current
                    async with aclosing(_trace_chunks(call(link), current, link, trail)) as pieces:
                        async for piece in pieces:
                            spoken = True
                            yield piece
                return
            except ModelFailure as failure:
                trouble = ModelTrouble(link.name, failure)
                trail.troubles.append(trouble)
                broken = trouble if spoken else None
                pause = _retry_pause(failure, attempt)
                if spoken or pause is None:
                    break
                await asyncio.sleep(pause)
    raise _unavailable_error(trail.troubles)


async def _trace_chunks(
    pieces: AsyncGenerator[T], current: TraceStep, link: ChainLink, trail: FallbackTrace
) -> AsyncGenerator[T]:
    """Yield the pieces, and note their usage and the reason of a failure in their step."""
    current.model = link.name.public_name
    current.output = trail.passed_over()
    try:
        async with aclosing(pieces) as source:
            async for piece in source:
                if piece.usage is not None:
                    _record_usage(current, link.name, piece.usage)
                yield piece
    except ModelFailure as failure:
        current.output = str(failure)
        if failure.usage is not None:
            _record_usage(current, link.name, failure.usage)
        raise


def _record_usage(current: TraceStep, model: ModelName, usage: Usage) -> None:
    current.usage, current.cost_usd = usage, cost_of(model, usage)


def _retry_pause(failure: ModelFailure, attempt: int) -> float | None:
    """Return the backoff in seconds before the same model is retried, or None if it is not."""
    if not failure.consequence.worth_another_try or attempt + 1 == _ATTEMPTS:
        return None
    pause = _FIRST_PAUSE_SECONDS * 2**attempt * (1 + random.random())  # noqa: S311 - spreads retries, guards nothing
    pause = max(pause, failure.retry_after or 0)
    return pause if pause <= _LONGEST_PAUSE_SECONDS else None


def _unavailable_error(troubles: Sequence[ModelTrouble]) -> ModelsUnavailable:
    reasons = "; ".join(dict.fromkeys(str(trouble) for trouble in troubles))
    kinds = {trouble.failure.kind for trouble in troubles} - {FailureKind.NO_CREDENTIALS}
    if kinds == {FailureKind.LOADING}:
        return ModelLoading(f"{reasons}; please ask again in a moment")
    return ModelsUnavailable(f"no model could answer: {reasons}; {'see /health' if kinds else WHAT_TO_SET}")
