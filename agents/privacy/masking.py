"""Mask personal data in a request to a model, and restore it in the answer.

A mask belongs to one request and is forgotten with it. Values are numbered in the order of the request, and every
request brings its whole conversation: so a conversation that only grows keeps its placeholders, and what a provider has
cached of a prompt stays valid.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, SystemMessage

from agents.models.chunks import ModelChunk, ToolCallFragment
from agents.models.request import ModelRequest
from agents.privacy.detection import PersonalData, detect_personal_data
from agents.privacy.placeholders import PLACEHOLDER, Placeholder, placeholder_of
from agents.privacy.restoring import Restorer

_LONG_CHARS = 20_000


class Mask:
    """The personal data of one request, and the placeholder for each value."""

    def __init__(self, ask: ModelRequest) -> None:
        self.values: dict[Placeholder, str] = {}
        self._placeholders: dict[tuple[PersonalData, str], Placeholder] = {}
        self._numbers = dict.fromkeys(PersonalData, 0)
        # A user may write `[EMAIL_1]` and mean just that.
        self._written = {placeholder_of(match) for text in _request_texts(ask) for match in PLACEHOLDER.finditer(text)}
        self.ask = self._mask_request(ask)

    def __str__(self) -> str:
        """Return how many values of each kind are masked, for the trace."""
        counts = Counter(placeholder.kind for placeholder in self.values)
        return "masked: " + ", ".join(f"{counts[kind]} {kind}" for kind in PersonalData if counts[kind])

    def _mask_request(self, ask: ModelRequest) -> ModelRequest:
        messages = [self._mask_message(message) for message in ask.messages]
        tools = [self._mask_tool(tool) for tool in ask.tools]
        form = self._mask_tool(ask.tool) if ask.tool else None
        if self.values:
            messages = _with_note(messages, next(iter(self.values)))
        return replace(ask, messages=tuple(messages), tools=tuple(tools), tool=form)

    def _mask_message(self, message: AnyMessage) -> AnyMessage:
        update: dict[str, Any] = {"content": self._mask_value(message.content)}
        if isinstance(message, AIMessage):
            # Names and ids are the protocol's own.
            update["tool_calls"] = [call | {"args": self._mask_value(call["args"])} for call in message.tool_calls]
        return message.model_copy(update=update)

    def _mask_tool(self, tool: dict[str, Any]) -> dict[str, Any]:
        function = tool["function"]
        return tool | {"function": self._mask_value(function) | {"name": function["name"]}}

    def _mask_value(self, value: Any, key: str = "") -> Any:  # noqa: ANN401 - whatever JSON holds
        """Mask the texts and numbers of a JSON value; the key tells what they may be."""
        match value:
            case str():
                return self._text(value, f"{key}: " if key else "")
            case int() if not isinstance(value, bool):
                masked = self._text(str(value), f"{key}: " if key else "")
                return value if masked == str(value) else masked
            case list():
                return [self._mask_value(item, key) for item in value]
            case dict():
                return {self._text(name): self._mask_value(item, name) for name, item in value.items()}
        return value

    def _text(self, text: str, heading: str = "") -> str:
        pieces, place, begins = [], 0, len(heading)
        for start, end, kind in detect_personal_data(heading + text):
            if start >= begins:
                pieces += [
                    text[place : start - begins],
                    str(self._placeholder_for(kind, text[start - begins : end - begins])),
                ]
                place = end - begins
        return "".join([*pieces, text[place:]])

    def _placeholder_for(self, kind: PersonalData, value: str) -> Placeholder:
        key = kind, _spelled_alike(kind, value)
        if key not in self._placeholders:
            placeholder = Placeholder(kind, self._numbers[kind] + 1)
            while placeholder in self._written:
                placeholder = Placeholder(kind, placeholder.number + 1)
            self._numbers[kind] = placeholder.number
            self._placeholders[key], self.values[placeholder] = placeholder, value
        return self._placeholders[key]


async def mask_request(ask: ModelRequest) -> Mask:
    """Mask a request. A long one is searched on a thread, because it takes longer than others should wait."""
    return await asyncio.to_thread(Mask, ask) if sum(map(len, _request_texts(ask))) > _LONG_CHARS else Mask(ask)


class Unmasking:
    """Restores what a model says: its text, the form that it fills in, and the arguments of each of its calls."""

    def __init__(self, values: Mapping[Placeholder, str]) -> None:
        self._values = values
        self._text, self._form = Restorer(values), Restorer(values)
        self._calls: dict[int, Restorer] = {}

    def restore_chunk(self, piece: ModelChunk) -> ModelChunk:
        """Return the piece with its values restored, as far as they are certain; the last piece includes the rest."""
        text, form = self._text.restore_text(piece.text), self._form.restore_text(piece.arguments)
        calls = tuple(self._restore_fragment(part) for part in piece.calls)
        restored = replace(piece, text=text, arguments=form, calls=calls)
        return self._with_rest(restored) if piece.finish else restored

    def _restore_fragment(self, part: ToolCallFragment) -> ToolCallFragment:
        restorer = self._calls.setdefault(part.index, Restorer(self._values))
        return replace(part, arguments=restorer.restore_text(part.arguments))

    def _with_rest(self, piece: ModelChunk) -> ModelChunk:
        rests = ((index, restorer.take_rest()) for index, restorer in self._calls.items())
        calls = (*piece.calls, *(ToolCallFragment(index, arguments=rest) for index, rest in rests if rest))
        return replace(
            piece,
            text=piece.text + self._text.take_rest(),
            arguments=piece.arguments + self._form.take_rest(),
            calls=calls,
        )


def _request_texts(ask: ModelRequest) -> Iterator[str]:
    """Yield every text that a model reads of a request."""
    contents = [message.content for message in ask.messages]
    calls = [call["args"] for message in ask.messages if isinstance(message, AIMessage) for call in message.tool_calls]
    waiting: list[Any] = [contents, calls, list(ask.tools), ask.tool]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case list() as items:
                waiting += items
            case dict() as fields:
                waiting += [*fields, *fields.values()]


def _spelled_alike(kind: PersonalData, value: str) -> str:
    """Normalize a value, so that its spellings are equal."""
    if kind is PersonalData.EMAIL:
        return value.casefold()
    plain = "".join(part for part in value.upper().replace("(0)", "") if part.isalnum() or part == "+")
    return "+" + plain[2:] if kind is PersonalData.PHONE and plain.startswith("00") else plain


def _with_note(messages: Sequence[AnyMessage], example: Placeholder) -> list[AnyMessage]:
    """Add to the instructions a note on what placeholders are."""
    note = (
        f"Placeholders such as {example} stand for personal data that you are not shown. "
        "Where you mean what one stands for, write the placeholder exactly as it is."
    )
    first, *others = messages
    if not isinstance(first, SystemMessage):
        return [SystemMessage(note), *messages]
    return [SystemMessage(f"{first.text}\n\n{note}"), *others]
