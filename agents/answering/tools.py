"""The tools of agents: searching their documents again, and calling a person. A model can do nothing else.

Every call gets a result, even one that cannot be done: providers refuse a call without a result.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.answering.sources import SourceNumbering
from agents.catalog import Agent, ToolName
from agents.errors import ToolFailed
from agents.graph.answer_stream import Emit
from agents.models.chunks import clean_json
from agents.tracing import trace_step
from frontdesk.contracts.events import Handoff
from knowledge.errors import DeskError
from knowledge.retrieval.strategies import Evidence, Excerpt

_DEADLINE_SECONDS = 10.0
_CALLS_AT_ONCE = 4
_LONGEST_TEXT = 500


def _tool_form(name: ToolName, description: str, field_name: str, meaning: str) -> dict[str, Any]:
    properties = {field_name: {"type": "string", "description": meaning}}
    parameters = {"type": "object", "properties": properties, "required": [field_name]}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


FORMS: dict[ToolName, dict[str, Any]] = {
    "search_documents": _tool_form(
        "search_documents",
        "Search your documents again. Use it where the evidence lacks something that the answer needs.",
        "query",
        "what to look for, in a few words",
    ),
    "hand_over": _tool_form(
        "hand_over",
        "Call a person to take over. Use it where only a person can help, and tell the user that you did.",
        "reason",
        "why a person is needed, in a few words",
    ),
}


@dataclass(frozen=True)
class RequestedToolCall:
    """A call as a model made it. `given` is None if the arguments are no JSON object."""

    id: str
    name: str
    arguments: str

    @property
    def given(self) -> dict[str, Any] | None:
        try:
            given = clean_json(json.loads(self.arguments or "{}"))
        except (ValueError, RecursionError):
            return None
        return given if isinstance(given, dict) else None


@dataclass(frozen=True)
class ToolResult:
    """The result of a call: its text for the model, a summary for the trace, and the sources found."""

    text: str
    summary: str
    sources: Sequence[Excerpt] = ()


@dataclass
class Toolbox:
    """The tools of one agent while it gives one answer."""

    agent: Agent
    gather: Callable[[str], Awaitable[Evidence]]
    threshold: float
    shown: SourceNumbering
    conversation: str
    emit: Emit
    parent: str
    handed_over: bool = field(default=False, init=False)
    _used: int = field(default=0, init=False)

    @property
    def forms(self) -> list[dict[str, Any]]:
        """The tools that the model may call, in OpenAI's form."""
        return [FORMS[name] for name in dict.fromkeys(self.agent.tools)]

    async def use(self, calls: Sequence[RequestedToolCall]) -> list[ToolResult]:
        """Run the calls of a round at once, and return the result of each."""
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._use_tool(call)) for call in calls[:_CALLS_AT_ONCE]]
        surplus = ToolResult(f"Error: at most {_CALLS_AT_ONCE} calls at once.", "")
        return [task.result() for task in running] + [surplus] * len(calls[_CALLS_AT_ONCE:])

    async def _use_tool(self, call: RequestedToolCall) -> ToolResult:
        self._used += 1
        # Any other name that a model makes up is not shown.
        name = next((name for name in self.agent.tools if name == call.name), "unknown tool")
        try:
            with trace_step(
                self.emit, "tool", name, agent=self.agent.id, parent=self.parent, number=self._used
            ) as current:
                try:
                    result = await self._run_tool(call)
                except DeskError as error:
                    current.output = error.message
                    raise
                current.output = result.summary
                return result
        except DeskError as error:
            return ToolResult(f"Error: {error.message}", "")

    async def _run_tool(self, call: RequestedToolCall) -> ToolResult:
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS) as deadline:
                match call.name if call.name in self.agent.tools else None:
                    case "search_documents":
                        return await self._search_documents(_text_argument(call, "query"))
                    case "hand_over":
                        return self._hand_over(_text_argument(call, "reason"))
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise ToolFailed(f"{call.name} took longer than {_DEADLINE_SECONDS:g} s") from error
        raise ToolFailed(f"there is no such tool; there are {', '.join(self.agent.tools)}")

    async def _search_documents(self, query: str) -> ToolResult:
        evidence = await self.gather(query)
        confidence = f"confidence {evidence.confidence:.2f}"
        if evidence.confidence < self.threshold:
            return ToolResult("The documents hold nothing on that.", f"nothing, {confidence}")
        found = self.shown.add(evidence)
        return ToolResult("Answer from these sources too.", f"{len(found)} sources, {confidence}", found)

    def _hand_over(self, reason: str) -> ToolResult:
        if not self.handed_over:
            self.handed_over = True
            # A document may have told the model to do this, so it does not mean that the user asked for a person.
            self.emit(Handoff(cause="agent", reason=reason, summary=self.conversation, agent=self.agent.id))
        return ToolResult("A person has been called. Tell the user.", "a person was called")


def _text_argument(call: RequestedToolCall, name: str) -> str:
    """Return the one argument of a tool call."""
    text = (call.given or {}).get(name)
    if not isinstance(text, str) or not text.strip():
        raise ToolFailed(f'{call.name} takes a JSON object with a text "{name}"')
    return text.strip()[:_LONGEST_TEXT]
