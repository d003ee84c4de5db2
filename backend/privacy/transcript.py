"""The transcript of a conversation as Markdown, for people to read."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from backend.storage.runs import see_also_in
from backend.storage.threads import StoredMessage, StoredThread

# A title is plain text: it must not turn into a link, a picture or HTML.
_MARKUP, _ESCAPED = re.compile(r"([\\`*_{}\[\]()<>#&|!~])"), r"\\\1"
_SPEAKERS = {"user": "You", "assistant": "Desk"}
_NOT_WHOLE = {"cancelled": "\n(This answer was stopped.)\n", "failed": "\n(This answer broke off.)\n"}


def head(thread: StoredThread) -> str:
    """Write the title of a conversation, its beginning, and its agent."""
    return f"# {plain(thread.title)}\n\n{moment(thread.created_at)}, with {thread.agent_id}\n"


def turns(messages: Iterable[StoredMessage]) -> str:
    """Write the messages of a conversation."""
    return "".join(map(_turn, messages))


def plain(text: str) -> str:
    """Escape the Markdown in a plain text."""
    return _MARKUP.sub(_ESCAPED, text)


def moment(seconds: float) -> str:
    """Format a time to the minute."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _turn(message: StoredMessage) -> str:
    broken = _NOT_WHOLE.get(message.status, "") if message.role == "assistant" else ""
    speaker = _SPEAKERS.get(message.role, message.role)
    return f"\n## {speaker}, {moment(message.created_at)}\n\n{message.content}\n{broken}{_see_also(message)}"


def _see_also(message: StoredMessage) -> str:
    related = [" > ".join(filter(None, (one.title, one.section))) for one in see_also_in(message.data)]
    return "\nSee also:\n\n" + "".join(f"- {plain(place)}\n" for place in related) if related else ""
