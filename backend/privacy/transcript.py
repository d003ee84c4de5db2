"""A conversation as Markdown, for people to read."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from backend.storage.threads import Thread

# A title is plain text: it must not become a link, a picture or HTML.
_MARKUP, _ESCAPED = re.compile(r"([\\`*_{}\[\]()<>#&|!~])"), r"\\\1"
_SPEAKERS = {"user": "You", "assistant": "Desk"}
_NOT_WHOLE = {"cancelled": "\n(This answer was stopped.)\n", "failed": "\n(This answer broke off.)\n"}


def head(thread: Thread) -> str:
    """What a conversation is called, when it began, and with whom."""
    return f"# {plain(thread.title)}\n\n{moment(thread.created_at)}, with {thread.agent_id}\n"


def turns(messages: Iterable[dict[str, Any]]) -> str:
    """Some of its messages, as `threads.messages_of` reads them."""
    return "".join(map(_turn, messages))


def plain(text: str) -> str:
    """A text that is to be read as it is."""
    return _MARKUP.sub(_ESCAPED, text)


def moment(seconds: float) -> str:
    """A time, to the minute."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _turn(message: dict[str, Any]) -> str:
    role = message["role"]
    broken = _NOT_WHOLE.get(message["status"], "") if role == "assistant" else ""
    return f"\n## {_SPEAKERS.get(role, role)}, {moment(message['created_at'])}\n\n{message['content']}\n{broken}"
