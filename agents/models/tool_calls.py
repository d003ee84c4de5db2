"""The parts of tool calls, numbered alike for every provider."""

import json
from collections.abc import Iterator, Mapping
from uuid import uuid4

from langchain_core.messages import AIMessage, AIMessageChunk

from agents.models.chunks import ToolCallFragment, replace_surrogates


class ToolCallReader:
    """Reads the tool calls of one answer. Providers number them from anywhere, and some not at all."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        # By the provider's index of a call: its number here, and its id there.
        self._open: dict[int | None, tuple[int, str | None]] = {}
        self._ids: set[str] = set()
        self.count = 0

    def read_message(self, message: AIMessage) -> tuple[ToolCallFragment, ...]:
        """Return the parts in a chunk of a stream, or in a whole answer."""
        return tuple(self._read_fragment(*raw) for raw in _raw_fragments(message))

    def _read_fragment(
        self, place: int | None, call_id: str | None, name: str | None, arguments: str
    ) -> ToolCallFragment:
        known = self._open.get(place)
        if known and (not call_id or call_id == known[1]):
            return ToolCallFragment(known[0], arguments=replace_surrogates(arguments))
        number = self.count
        self.count += 1
        self._open[place] = (number, call_id)
        own = call_id if call_id and call_id not in self._ids else f"call_{uuid4().hex}"
        self._ids.add(own)
        return ToolCallFragment(
            number,
            replace_surrogates(own),
            replace_surrogates(self._names.get(name or "", name or "")),
            replace_surrogates(arguments),
        )


def _raw_fragments(message: AIMessage) -> Iterator[tuple[int | None, str | None, str | None, str]]:
    """Yield place, id, name and arguments of each part, as the provider gives them."""
    if isinstance(message, AIMessageChunk):
        for part in message.tool_call_chunks:
            yield part["index"], part["id"], part["name"], part["args"] or ""
        return
    whole = [(call["id"], call["name"], json.dumps(call["args"])) for call in message.tool_calls]
    broken = [(call["id"], call["name"], call["args"] or "") for call in message.invalid_tool_calls]
    for place, (call_id, name, arguments) in enumerate([*whole, *broken]):
        yield place, call_id, name, arguments
