"""A tool round of a chat model: its text and calls, and how they and the results are put into the next request."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from agents.answering.citations import CitationParser
from agents.answering.prompt import evidence_block
from agents.answering.tools import RequestedToolCall, ToolResult
from agents.models.chunks import Finish, ModelChunk, ToolCallFragment, estimate_usage, replace_surrogates
from frontdesk.contracts.events import Usage

# A model may call tools that do not exist; sent back to it, their names must be valid tool names.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")
_LONGEST_NAME = 64


@dataclass
class ToolRound:
    """The output of a model in one round."""

    said: list[str] = field(default_factory=list)
    usage: Usage | None = None
    finish: Finish = "stop"
    _calls: dict[int, RequestedToolCall] = field(default_factory=dict)

    def hear(self, piece: ModelChunk) -> None:
        """Take the next piece of the round."""
        self.said.append(piece.text)
        self.usage, self.finish = piece.usage or self.usage, piece.finish or self.finish
        for part in piece.calls:
            self._hear_call(part)

    def _hear_call(self, part: ToolCallFragment) -> None:
        call = self._calls.get(part.index) or RequestedToolCall(part.id or "", part.name or "", "")
        self._calls[part.index] = replace(call, arguments=call.arguments + part.arguments)

    @property
    def text(self) -> str:
        return replace_surrogates("".join(self.said))

    @property
    def begun(self) -> bool:
        """True if the model has said anything at all."""
        return any(self.said) or bool(self._calls)

    @property
    def calls(self) -> list[RequestedToolCall]:
        """The complete calls; none if the answer was cut short."""
        return list(self._calls.values()) if self.finish == "tool_calls" else []

    def spent(self, messages: Sequence[AnyMessage]) -> Usage:
        """Return the usage, estimated if the provider counted nothing."""
        arguments = "".join(call.arguments for call in self._calls.values())
        return self.usage or estimate_usage(messages, self.text + arguments)

    def told(self, results: Sequence[ToolResult], citations: CitationParser) -> list[AnyMessage]:
        """Return the round as the model sees it in the next: each call with its result."""
        used = [
            {"id": call.id, "name": _NOT_IN_NAMES.sub("_", call.name)[:_LONGEST_NAME] or "_", "args": call.given or {}}
            for call in self.calls
        ]
        answers = zip(self.calls, results, strict=True)
        return [
            AIMessage(self.text.strip(), tool_calls=used),
            *(ToolMessage(_render_result(result, citations), tool_call_id=call.id) for call, result in answers),
        ]


def _render_result(result: ToolResult, citations: CitationParser) -> str:
    """Render a result with its sources under the numbers that the model knows or now learns."""
    known = [citations.numbers.index(found.number) + 1 for found in result.sources if found.number in citations.numbers]
    fresh = [
        replace(found, number=citations.add_source(found.number))
        for found in result.sources
        if found.number not in citations.numbers
    ]
    again = [f"Sources that you know were found again: {', '.join(map(str, known))}."] if known else []
    return "\n".join([result.text, *again, *([evidence_block(fresh)] if fresh else [])])
