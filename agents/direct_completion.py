"""A chat model without an agent: it is sent the client's messages, and the tools it calls are the client's.

It answers by the chain of the workers, without the embedded model, which can only quote.
"""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.assistant import AnswerOutcome, AssistantRequest
from agents.errors import ModelsUnavailable, ToolResultUnknown
from agents.models.chunks import Finish, ToolCallFragment, estimate_usage, replace_surrogates
from agents.models.failures import ModelFailure
from agents.models.fallback import WHAT_TO_SET, FallbackTrace, WithdrawnAnswer, in_turn
from agents.models.model import Model
from agents.models.model_name import ModelName
from agents.models.request import ModelRequest
from agents.tracing import trace_step
from frontdesk.contracts.events import Event, Reset, Token, ToolCall, Usage
from frontdesk.contracts.llm import CalledTool

LLM = "llm"
# Providers refuse a conversation in which a call has no result, or that does not begin with the user.
_NO_RESULT = "(no result)"
_BEGINNING = "(the conversation goes on)"
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


class ChatMessage(BaseModel):
    """A message of a conversation with a model; a tool message names the call that it answers."""

    model_config = ConfigDict(strict=True)

    role: Literal["system", "user", "assistant", "tool"]
    content: str = Field(default="", max_length=1_000_000)
    tool_calls: list[CalledTool] = Field(default=[], max_length=64)
    tool_call_id: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _says_something(self) -> "ChatMessage":
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a tool's message needs the tool_call_id that it answers")
        if self.role in ("user", "assistant") and not (self.content.strip() or self.tool_calls):
            raise ValueError("a message needs content")
        if self.tool_calls and self.role != "assistant":
            raise ValueError("only the assistant calls tools")
        return self


class CompletionRequest(BaseModel):
    """A complete request to a model: messages, sampling parameters and tools."""

    messages: list[ChatMessage] = []
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    tools: list[dict[str, Any]] = []
    tool_choice: str | None = None


class DirectCompletion:
    """Answers for the run engine, as the assistant does. `earlier` returns the messages of the conversation so far."""

    def __init__(
        self, models: Callable[[], Sequence[Model]], earlier: Callable[[AssistantRequest], Awaitable[list[ChatMessage]]]
    ) -> None:
        self._models = models
        self._earlier = earlier

    async def stream(self, turn: AssistantRequest) -> AsyncGenerator[Event | AnswerOutcome]:
        """Yield the events of one answer, then its outcome. An answer that was cut off starts over."""
        if turn.said is not None:
            yield Reset(reason="the desk was restarted in the middle of this answer")
        links = [_CompletionLink(model) for model in self._models()]
        if not links:
            raise ModelsUnavailable(
                f"no model answers here, since the embedded one can only quote documents; {WHAT_TO_SET}"
            )
        request = CompletionRequest.model_validate_json(turn.request or "{}")
        earlier = await self._earlier(turn)
        conversation = [*earlier, *request.messages]
        if lost := [place for place in stray_results(conversation) if place >= len(earlier)]:
            raise ToolResultUnknown(
                f"the last answer has no open call {conversation[lost[0]].tool_call_id}; "
                "send each result once, right after the answer that called for it"
            )
        ask = _model_request(request, conversation)
        answer = _CompletionStream()
        async for event in answer.stream_events(links, ask):
            yield event
        calls = [call.model_dump() for call in answer.calls.values()]
        yield AnswerOutcome(answer.finish, data={"tool_calls": calls} if calls else None)

    async def leave(self, turn: AssistantRequest, said: str) -> None:
        """Do nothing: what was said is stored with the messages, and nowhere else."""


@dataclass(frozen=True)
class _CompletionChunk:
    """A piece of the answer, or at its end the usage and the finish reason."""

    text: str = ""
    calls: tuple[ToolCallFragment, ...] = ()
    usage: Usage | None = None
    finish: Finish | None = None


@dataclass(frozen=True)
class _CompletionLink:
    """A model as a link of the chain."""

    model: Model

    @property
    def name(self) -> ModelName:
        return self.model.name

    def held_back(self) -> ModelFailure | None:
        """Return the failure that keeps the model from being called now, or None."""
        return self.model.held_back()

    async def stream_chunks(self, ask: ModelRequest) -> AsyncGenerator[_CompletionChunk]:
        """Yield the model's own pieces, then their usage, estimated if the provider counted nothing."""
        said: list[str] = []
        usage, finish = None, None
        try:
            async with aclosing(self.model.ask(ask)) as pieces:
                async for piece in pieces:
                    said += [piece.text, *(part.arguments for part in piece.calls)]
                    usage, finish = piece.usage or usage, piece.finish or finish
                    if piece.text or piece.calls:
                        yield _CompletionChunk(replace_surrogates(piece.text), piece.calls)
        except ModelFailure as failure:
            failure.usage = usage or (estimate_usage(ask.messages, "".join(said)) if any(said) else None)
            raise
        yield _CompletionChunk(usage=usage or estimate_usage(ask.messages, "".join(said)), finish=finish)


class _CompletionStream:
    """One answer as it is streamed: its events, its tool calls and its finish reason."""

    def __init__(self) -> None:
        self.calls: dict[int, CalledTool] = {}
        self.finish: Finish = "stop"
        self._events: list[Event] = []

    async def stream_events(self, links: Sequence[_CompletionLink], ask: ModelRequest) -> AsyncIterator[Event]:
        """Yield everything that happens, in order."""
        with trace_step(self._events.append, "agent", LLM, agent=LLM) as whole:
            trail = FallbackTrace(self._events.append, LLM, whole.id)

            def call_link(link: _CompletionLink) -> AsyncGenerator[_CompletionChunk]:
                trail.record_prompt(estimate_usage(ask.messages, ""))
                return link.stream_chunks(replace(ask, on_masked=trail.note_masked))

            async with aclosing(in_turn(links, call_link, trail)) as pieces:
                async for piece in pieces:
                    self._add_chunk(piece)
                    for event in self._take_events():
                        yield event
        for event in self._take_events():
            yield event

    def _add_chunk(self, piece: _CompletionChunk | WithdrawnAnswer) -> None:
        if isinstance(piece, WithdrawnAnswer):
            self.calls.clear()
            self._events.append(Reset(reason=piece.reason, model=piece.model))
            return
        self.finish = piece.finish or self.finish
        if piece.text:
            self._events.append(Token(content=piece.text, agent=LLM))
        for part in piece.calls:
            known = self.calls.get(part.index)
            call = known or _start_call(part)
            self.calls[part.index] = call.model_copy(update={"arguments": call.arguments + part.arguments})
            first = {} if known else {"id": call.id, "name": call.name}
            self._events.append(ToolCall(index=part.index, arguments=part.arguments, **first))

    def _take_events(self) -> Iterator[Event]:
        while self._events:
            yield self._events.pop(0)


def stray_results(conversation: Sequence[ChatMessage]) -> list[int]:
    """Return the positions of tool results that answer no open call of the answer before them."""
    open_calls: set[str | None] = set()
    lost = []
    for place, said in enumerate(conversation):
        if said.role == "tool" and said.tool_call_id not in open_calls:
            lost.append(place)
        elif said.role == "tool":
            open_calls.remove(said.tool_call_id)
        elif said.role != "system":
            open_calls = {call.id for call in said.tool_calls}
    return lost


def messages_of(conversation: Sequence[ChatMessage]) -> list[AnyMessage]:
    """Convert a conversation for providers: the last instructions, the user, and every call with its one result."""
    lost = set(stray_results(conversation))
    instructions = [SystemMessage(said.content) for said in conversation if said.role == "system"][-1:]
    messages: list[AnyMessage] = []
    open_calls: list[str] = []
    for place, said in enumerate(conversation):
        if said.role == "tool" and said.tool_call_id and place not in lost:
            open_calls.remove(said.tool_call_id)
            messages.append(ToolMessage(said.content, tool_call_id=said.tool_call_id))
        elif said.role in ("user", "assistant"):
            messages += _missing_results(open_calls)
            open_calls = list(dict.fromkeys(call.id for call in said.tool_calls))
            messages.append(HumanMessage(said.content) if said.role == "user" else _by_model(said))
    opening = [HumanMessage(_BEGINNING)] if messages and isinstance(messages[0], AIMessage) else []
    return [*instructions, *opening, *messages, *_missing_results(open_calls)]


def _missing_results(calls: Sequence[str]) -> list[ToolMessage]:
    return [ToolMessage(_NO_RESULT, tool_call_id=call) for call in calls]


def _start_call(part: ToolCallFragment) -> CalledTool:
    """Start a call under a name that providers accept when it is sent back to them, whatever the model made up."""
    return CalledTool(id=(part.id or "call")[:200], name=_NO_NAME.sub("_", part.name or "unnamed")[:64])


def _by_model(said: ChatMessage) -> AIMessage:
    calls = {call.id: {"id": call.id, "name": call.name, "args": _parse_arguments(call)} for call in said.tool_calls}
    return AIMessage(said.content, tool_calls=list(calls.values()))


def _parse_arguments(call: CalledTool) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _model_request(request: CompletionRequest, conversation: Sequence[ChatMessage]) -> ModelRequest:
    return ModelRequest(
        messages_of(conversation),
        tools=tuple(request.tools),
        tool_choice=request.tool_choice,
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.max_tokens,
    )
