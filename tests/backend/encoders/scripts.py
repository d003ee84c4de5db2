"""Fixed runs, event by event, and a source of answers that plays them in place of the agents and models."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import Enum

from agents.assistant import AnswerOutcome, AssistantRequest
from agents.errors import ModelsUnavailable
from frontdesk.contracts.events import (
    Event,
    Handoff,
    Highlight,
    Reset,
    Route,
    Source,
    Sources,
    Support,
    SupportedSentence,
    Token,
    ToolCall,
    TraceEnd,
    TraceStart,
    TraceUpdate,
    Usage,
)
from knowledge.errors import DeskError


class Act(Enum):
    """What a script does beside its events: stop its run, end the process, or be silent for a while."""

    CANCEL = "cancel"
    SHUT_DOWN = "shut down"
    PAUSE = "pause"


Script = list[Event | AnswerOutcome | DeskError | Exception | Act]
PAUSE_SECONDS = 1.0
REASON = 'stopped by "the script"'
# What JSON must escape, what it need not, and what is longer than a byte or a UTF-16 unit.
ODD = 'quote " backslash \\ slash / <b>&amp;</b> \x00\x07\x1f\x7f tab\t line\nreturn\r sep\u2028 Zürich 中文 🎉'

_USAGE = Usage(prompt=1200, completion=34, total=1234, cached=1000, cache_written=7)
_SOURCES = [
    Source(
        id=1,
        title="Refunds",
        uri="billing/refunds.md",
        section="Duplicate charges",
        snippet=f"A duplicate charge. {ODD}",
        score=0.8731,
        agent="billing",
        document_id="d1",
        version=3,
        links=["https://acme.example/a?b=1&c=2"],
    ),
    Source(
        id=2,
        title="Prices",
        uri="billing/prices.pdf",
        page=4,
        snippet="Team 12 USD",
        score=1e-07,
        agent="billing",
        document_id="d2",
        version=1,
        whole=True,
    ),
]
CALLS = [{"id": "call-1", "name": "order-status", "arguments": '{"order": "17"}'}, {"id": "c2", "name": "look"}]


def _words(*words: str) -> list[Event]:
    return [Token(content=word, agent="billing") for word in words]


def _step(number: int, cost: float) -> list[Event]:
    step, model = f"step-{number}", "openai:gpt-4o-mini"
    return [
        TraceStart(step_id=step, parent_id="step-1", step_type="generate", step_name=model, agent="billing"),
        TraceUpdate(step_id=step, agent="billing", progress=0.5, output="half", usage=Usage(prompt=1200)),
        TraceEnd(step_id=step, agent="billing", latency_ms=12.5, model=model, usage=_USAGE, cost_usd=cost),
    ]


_EVERYTHING: Script = [
    TraceStart(step_id="step-1", step_type="parallel", step_name="agents", parallel_index=0, parallel_total=2),
    Route(agents=["billing", "general"], reason=ODD, confidence=0.75, needs_human=True, router="semantic", model="e"),
    Sources(agent="billing", sources=_SOURCES),
    *_words("Lost ", ODD),
    ToolCall(index=0, id="call-0", name="look"),
    ToolCall(index=0, arguments='{"at": 1}'),
    Reset(reason="the model broke off", model="openai:gpt-4o-mini"),
    *_step(2, 1.5e-07),
    TraceEnd(step_id="step-1", status="failed", output=ODD, fallback=True),
    Sources(agent="general", sources=_SOURCES[1:]),
    *_words("Within ", "", ODD, " 30 days", ".", "\ufffd"),
    Handoff(cause="agent", reason="a person knows", summary=ODD, agent="billing"),
    AnswerOutcome(
        "handoff",
        reduced=True,
        data={"support": {"score": 0.5, "sentences": []}, "see_also": [2], "highlights": [{"start": 0, "end": 7}]},
        support=Support(score=0.5, sentences=[SupportedSentence(start=0, end=7, score=0.25)]),
        see_also=[2],
        highlights=[Highlight(start=0, end=7)],
    ),
]

SCRIPTS: dict[str, Script] = {
    "everything": _EVERYTHING,
    "nothing but its end": [AnswerOutcome("declined")],
    "tool calls": [
        *_words("Let me look."),
        *_step(1, 0.0125),
        ToolCall(index=0, id="call-1", name="order-status"),
        ToolCall(index=0, arguments='{"order": '),
        ToolCall(index=0, arguments='"17"}'),
        ToolCall(index=1, id="c2", name="look"),
        AnswerOutcome("tool_calls", data={"tool_calls": CALLS}),
    ],
    "reset without a model": [*_words("One "), Reset(reason="again"), *_words("Two"), AnswerOutcome("length")],
    "cancelled": [TraceStart(step_id="s", step_type="agent", step_name="billing"), *_words("So ", "far"), Act.CANCEL],
    "cancelled before a word": [Act.CANCEL],
    "failed": [*_words("So ", "far"), ModelsUnavailable(ODD)],
    "failed before a word": [ModelsUnavailable("no model answers")],
    "unexpected": [*_words("So far"), RuntimeError("nobody foresaw this")],
    "silent": [*_words("Before, "), Act.PAUSE, *_words("after."), AnswerOutcome("stop")],
    "shut down": [*_words("So ", "far"), Act.SHUT_DOWN],
}


@dataclass
class ScriptedAnswers:
    """A source of answers that plays one script; `cancel` and `shut_down` are what its acts do."""

    script: Script
    cancel: Callable[[str, str], None]
    shut_down: Callable[[], None]

    async def stream(self, turn: AssistantRequest) -> AsyncGenerator[Event | AnswerOutcome]:
        """Yield the script's events and outcome, raise its error, or wait to be ended after its last act."""
        for item in self.script:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, Act):
                await self._act(item, turn.run_id)
            else:
                yield item

    async def leave(self, turn: AssistantRequest, said: str) -> None:
        """Do nothing: there is no conversation to remember."""

    async def _act(self, act: Act, run_id: str) -> None:
        if act is Act.PAUSE:
            await asyncio.sleep(PAUSE_SECONDS)
            return
        if act is Act.CANCEL:
            self.cancel(run_id, REASON)
        else:
            self.shut_down()
        await asyncio.Event().wait()
