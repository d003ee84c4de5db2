"""Convert tools for Bedrock's Converse, and for Nova, which accepts less."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_]")
_LONGEST_NAME = 64
_ANY_SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Give each name one that Nova accepts: a letter, then letters, digits and underscores, no two alike."""
    plain: dict[str, str] = {}
    for name in dict.fromkeys(names):
        word = _NOT_PLAIN.sub("_", name)
        word = (word if word[:1].isalpha() else f"t_{word}")[:_LONGEST_NAME]
        taken, number = set(plain.values()), 1
        own = word
        while own in taken:
            number += 1
            own = f"{word[: _LONGEST_NAME - 4]}_{number}"
        plain[name] = own
    return plain


def plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Reduce the top level of a schema to type, properties and required."""
    plain = {"type": "object", "properties": schema.get("properties") or {}}
    return plain | ({"required": schema["required"]} if schema.get("required") else {})


def spec_of(tool: dict[str, Any], name: str, *, plain: bool) -> dict[str, Any]:
    """Convert a tool from OpenAI's form to Converse's."""
    function = tool["function"]
    schema = function.get("parameters") or _ANY_SCHEMA
    described = {"description": function["description"]} if function.get("description") else {}
    return {"toolSpec": {"name": name, **described, "inputSchema": {"json": plain_schema(schema) if plain else schema}}}


def choice_of(choice: str | None, names: dict[str, str]) -> dict[str, Any] | None:
    """Convert a tool choice; "auto" is left out, as it is the default and not every model takes a choice."""
    if choice in (None, "auto"):
        return None
    return {"any": {}} if choice == "required" else {"tool": {"name": names.get(choice or "", choice)}}


def with_renamed_tools(messages: Sequence[AnyMessage], names: dict[str, str]) -> list[AnyMessage]:
    """Rename the tools called in the messages."""
    return [
        message.model_copy(
            update={"tool_calls": [{**call, "name": names[call["name"]]} for call in message.tool_calls]}
        )
        if isinstance(message, AIMessage) and message.tool_calls
        else message
        for message in messages
    ]


def called_in(messages: Sequence[AnyMessage]) -> list[str]:
    """Return the names of the tools called in the messages."""
    return [call["name"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]


def in_words(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Put tool calls and their results into words: Converse takes them only where tools are offered."""
    told: list[AnyMessage] = []
    for message in messages:
        if isinstance(message, AIMessage) and message.tool_calls:
            calls = [f"I called {call['name']} with {json.dumps(call['args'])}." for call in message.tool_calls]
            told.append(AIMessage("\n".join([message.text, *calls]).strip()))
        elif isinstance(message, ToolMessage):
            told.append(HumanMessage(f"The result of the call:\n{message.text}"))
        else:
            told.append(message)
    return told
