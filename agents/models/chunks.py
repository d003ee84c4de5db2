"""Chunks of chat models, converted to one form for every provider."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage

from agents.models.failures import FailureKind, ModelFailure
from frontdesk.contracts.events import Usage
from knowledge.text.token_estimate import estimate_tokens

Ending = Literal["stop", "length"]
Finish = Ending | Literal["tool_calls"]

_WHOLE = frozenset("stop end_turn stop_sequence eos eos_token tool_calls tool_use function_call".split())
_CUT_SHORT = frozenset({"length", "max_tokens", "model_context_window_exceeded"})


@dataclass(frozen=True)
class ToolCallFragment:
    """The next part of a tool call. The first part of each call has its id and its name."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True)
class ModelChunk:
    """A piece of an answer: text, arguments of a form, parts of tool calls, the usage, or the finish reason."""

    text: str = ""
    arguments: str = ""
    usage: Usage | None = None
    finish: Finish | None = None
    calls: tuple[ToolCallFragment, ...] = ()


def piece_of(message: AIMessage) -> ModelChunk:
    """Convert a chunk of a stream, or a whole answer that was not streamed."""
    reason = message.response_metadata.get("finish_reason") or message.response_metadata.get("stopReason")
    return ModelChunk(
        text=message.text,
        arguments=_form_arguments(message),
        usage=_counted_usage(message),
        finish=_finish_of(reason) if reason else None,
    )


def _finish_of(reason: str) -> Finish:
    """Return the finish reason of an answer; raise `ModelFailure` if a filter or an error cut it off."""
    if reason in _CUT_SHORT:
        return "length"
    if reason in _WHOLE:
        return "stop"
    raise ModelFailure(FailureKind.BAD_ANSWER, "it was cut off by a filter or an error of the provider's")


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which a model may produce by splitting a character and nobody can store or send."""
    return text.encode("utf-8", "replace").decode()


def clean_json(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Replace lone surrogates and remove NULs in every string of a value: neither can be stored or sent."""
    match value:
        case str():
            return replace_surrogates(value).replace("\x00", "")
        case list():
            return [clean_json(item) for item in value]
        case dict():
            return {clean_json(name): clean_json(item) for name, item in value.items()}
    return value


def estimate_usage(messages: Sequence[AnyMessage], said: str) -> Usage:
    """Estimate the usage that a provider did not count."""
    return estimate_text_usage((message.text for message in messages), said)


def estimate_text_usage(read: Iterable[str], written: str = "") -> Usage:
    """Estimate the usage of a model that reads some texts and writes one."""
    prompt, completion = sum(map(estimate_tokens, read)), estimate_tokens(written)
    return Usage(prompt=prompt, completion=completion, total=prompt + completion, estimated=True)


def _form_arguments(message: AIMessage) -> str:
    if isinstance(message, AIMessageChunk) and message.tool_call_chunks:
        return "".join(call["args"] or "" for call in message.tool_call_chunks)
    return json.dumps(message.tool_calls[0]["args"]) if message.tool_calls else ""


def _counted_usage(message: AIMessage) -> Usage | None:
    counted = message.usage_metadata
    if not counted:
        return None
    details = counted.get("input_token_details", {})
    # If the provider reports the lifetime of cached tokens, they are counted per lifetime and not in the sum.
    lifetimes = ("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    return Usage(
        prompt=counted["input_tokens"],
        completion=counted["output_tokens"],
        total=counted["input_tokens"] + counted["output_tokens"],
        cached=details.get("cache_read") or 0,
        cache_written=sum(cast(int, details.get(lifetime) or 0) for lifetime in lifetimes),
    )


class ThinkingFilter:
    """Removes the thoughts of a model from its answer, wherever the chunks are cut."""

    # Behind a backtick the tag is only mentioned.
    _OPEN = re.compile(r"(?<!`)<think(?:ing)?>")
    _CLOSE = re.compile(r"</think(?:ing)?>")
    _STRAY = re.compile(r"(?<!`)</think(?:ing)?>")
    _TAGS = tuple(tick + tag for tag in ("<thinking>", "<think>", "</thinking>", "</think>") for tick in ("", "`"))

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._spoken = False

    def filter_text(self, text: str) -> str:
        """Return the part of the text so far that is no thought, as far as that is certain."""
        if not self._held and not self._thinking and "<" not in text and not text.endswith("`"):
            return self._strip_answer(text)
        self._held += text
        spoken = []
        while self._held:
            if self._thinking:
                end = self._CLOSE.search(self._held)
                self._held = self._held[end.end() :] if end else self._held[-len("</thinking>") :]
                if not end:
                    break
                self._thinking = False
            elif opening := self._OPEN.search(self._held):
                spoken.append(self._held[: opening.start()])
                self._held = self._held[opening.end() :]
                self._thinking = True
            else:
                kept = _begun_tag_chars(self._held, self._TAGS)
                spoken.append(self._held[: len(self._held) - kept])
                self._held = self._held[len(self._held) - kept :]
                break
        return self._strip_answer("".join(spoken))

    def take_rest(self) -> str:
        """Return the text that was held back and turned out to be no tag."""
        held, self._held = self._held, ""
        return "" if self._thinking else self._strip_answer(held)

    @property
    def is_thinking(self) -> bool:
        """True if the text so far ends within a thought."""
        return self._thinking

    def _strip_answer(self, text: str) -> str:
        text = self._STRAY.sub("", text)
        # A thought in front leaves empty lines behind.
        text = text if self._spoken else text.lstrip()
        self._spoken = self._spoken or bool(text)
        return text


def _begun_tag_chars(text: str, tags: Sequence[str]) -> int:
    """Return how many characters at the end of the text may be the beginning of a tag, and only that."""
    longest = max(map(len, tags)) - 1
    sizes = range(min(longest, len(text)), 0, -1)
    return next((size for size in sizes if any(_begins_tag(tag, text[-size:]) for tag in tags)), 0)


def _begins_tag(tag: str, text: str) -> bool:
    return len(text) < len(tag) and tag.startswith(text)
