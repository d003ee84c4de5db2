"""Steps of a run as trace events: one start, and one end with its latency, however the step ends."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agents.graph.answer_stream import Emit
from frontdesk.contracts.events import StepStatus, StepType, TraceEnd, TraceStart, TraceUpdate, Usage


@dataclass
class TraceStep:
    """A step in progress, with what it reports about itself."""

    id: str
    agent: str | None
    emit: Emit
    output: str | None = None
    usage: Usage | None = None
    model: str | None = None
    cost_usd: float | None = None
    fallback: bool | None = None
    masked: str | None = None

    def emit_progress(self, progress: float, usage: Usage | None = None) -> None:
        """Emit the progress of the step and its usage so far."""
        self.emit(TraceUpdate(step_id=self.id, agent=self.agent, progress=progress, usage=usage))

    def end_event(self, status: StepStatus, latency_ms: float) -> TraceEnd:
        """Return the end event, with everything noted in the step."""
        return TraceEnd(
            step_id=self.id,
            agent=self.agent,
            status=status,
            latency_ms=latency_ms,
            output="; ".join(filter(None, (self.output, self.masked))) or None,
            model=self.model,
            usage=self.usage,
            cost_usd=self.cost_usd,
            fallback=self.fallback,
        )


@contextmanager
def trace_step(
    emit: Emit,
    step_type: StepType,
    name: str,
    *,
    agent: str | None = None,
    parent: str | None = None,
    parallel: tuple[int, int] | None = None,
    number: int = 1,
) -> Iterator[TraceStep]:
    """Trace the block as one step. The number tells steps of one kind apart."""
    parts = (agent or "", step_type, str(number) if number > 1 else "")
    current = TraceStep(".".join(part for part in parts if part), agent, emit)
    index, total = parallel or (None, None)
    emit(
        TraceStart(
            step_id=current.id,
            parent_id=parent,
            step_type=step_type,
            step_name=name,
            agent=agent,
            parallel_index=index,
            parallel_total=total,
        )
    )
    began = time.perf_counter()
    status: StepStatus = "failed"
    try:
        yield current
        status = "completed"
    except asyncio.CancelledError:
        status = "cancelled"
        raise
    finally:
        emit(current.end_event(status, round((time.perf_counter() - began) * 1000, 3)))
